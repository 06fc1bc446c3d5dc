/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a search leaves behind: figures, alphas, genotypes. The alphas of every epoch are kept, and all else that they
 * mean is computed from them. */
#include <math.h>

#include "nas/search_impl.h"

/* ---- what the alphas say ---- */

/* Entropy of one edge as a fraction of log(candidates); 1 for a single one. */
static double entropy_of(const double *weights, size_t count, double all) {
    double sum = 0;
    for (size_t k = 0; k < count; k++) sum -= weights[k] > 0 ? weights[k] / all * log(weights[k] / all) : 0;
    return count > 1 ? sum / log((double)count) : 1;
}

static double sum_of(const double *weights, size_t count) {
    double sum = 0;
    for (size_t k = 0; k < count; k++) sum += weights[k];
    return sum;
}

/* Without the fractions of edges. */
static double mean_entropy(const nas_space *space, bool independent, const double *const *weights) {
    double sum = 0;
    size_t edges = 0;
    for (size_t t = 0; t < space->n_cells; t++)
        for (size_t e = 0; e < space->cells[t].n_edges; e++, edges++) {
            const nas_space_edge *edge = &space->cells[t].edges[e];
            const double *of_edge = weights[t] + edge->offset;
            const double all = independent ? sum_of(of_edge, edge->n_operations) : 1;
            sum += entropy_of(of_edge, edge->n_operations, all);
        }
    return sum / (double)edges;
}

/* The cell that collapses first: the normal one of a stack of thirds, else the first type. */
static size_t normal_cell(const nas_space *space) {
    return space->blocks ? 0 : space->normal;
}

/* What reads a genotype off the weights of an epoch: the selection, or magnitude where that explores after the search
 * and there are alphas to be read; NULL where there are none. */
static const nas_selection *reading_of(const nas_search *s) {
    if (s->choices->selection->choose) return s->choices->selection;
    return s->choices->edge_weights->learned ? nas_selection_find("magnitude") : NULL;
}

static base_status choose(const nas_search *s, const double *const *weights, base_arena *arena, nas_genotype **out,
                          base_err *err) {
    return nas_limits_choose(s->settings.limits, reading_of(s), s->selection_state, s->space, weights, arena, out, err);
}

static size_t stage_of(const nas_search *s, size_t epoch) {
    return epoch < s->epochs ? s->figures[epoch].stage - 1 : s->stage;
}

void nas_search_stage_weights(const nas_search *s, size_t epoch, bool shares, base_arena *arena,
                              double *const *weights) {
    const nas_stage *stage = &s->stages[stage_of(s, epoch)];
    const float *from = s->alphas + epoch * nas_search_kept(s);
    double **whole = nas_operation_blocks(s->space, arena), **alphas = nas_operation_blocks(stage->space, arena);
    double **edges = NULL;
    for (size_t t = 0; t < s->space->n_cells; t++)
        for (size_t i = 0; i < s->space->cells[t].weights; i++) whole[t][i] = *from++;
    if (shares && nas_relaxation_weighs_edges(stage->reader)) {
        edges = nas_edge_blocks(s->space, arena);
        for (size_t t = 0; t < s->space->n_cells; t++)
            for (size_t e = 0; e < s->space->cells[t].n_edges; e++) edges[t][e] = *from++;
    }
    nas_narrow_blocks(s->space, stage->space, (const double *const *)whole, alphas);
    nas_relaxation_mean(stage->reader, (const double *const *)alphas, (const double *const *)edges, weights);
}

/* The mean weights after epoch number `epoch`, of the operations alone or times the fractions of edges, in the whole
 * space. */
static void read_weights(const nas_search *s, size_t epoch, bool shares, base_arena *arena, double *const *weights) {
    const nas_space *space = s->stages[stage_of(s, epoch)].space;
    double **narrow = nas_operation_blocks(space, arena);
    nas_search_stage_weights(s, epoch, shares, arena, narrow);
    nas_widen_blocks(s->space, space, (const double *const *)narrow, weights);
}

static base_status count_edges(const nas_search *s, base_arena *arena, nas_figures *figures, base_err *err) {
    const size_t normal = normal_cell(s->space);
    nas_genotype *genotype;
    read_weights(s, s->epochs, true, arena, s->block);
    BASE_TRY(choose(s, (const double *const *)s->block, arena, &genotype, err));
    figures->skips = (uint32_t)nas_genotype_count(genotype, normal, NAS_OPERATION_SKIP);
    figures->pools = (uint32_t)nas_genotype_count(genotype, normal, NAS_OPERATION_POOL);
    figures->chosen = (uint32_t)genotype->cells[normal].count;
    return BASE_OK;
}

base_status nas_search_describe(nas_search *s, nas_figures *figures, base_err *err) {
    base_arena *arena = base_arena_create();
    base_status status = BASE_OK;
    const nas_stage *stage = &s->stages[s->stage];
    nas_search_stage_weights(s, s->epochs, false, arena, stage->block);
    figures->entropy =
        mean_entropy(stage->space, s->choices->edge_weights->independent, (const double *const *)stage->block);
    if (reading_of(s)) status = count_edges(s, arena, figures, err);
    base_arena_destroy(arena);
    return status;
}

/* ---- genotypes ---- */

base_status nas_search_genotype_after(const nas_search *search, size_t epoch, base_arena *arena, nas_genotype **out,
                                      base_err *err) {
    *out = NULL;
    if (!reading_of(search)) return BASE_OK;
    double **weights = nas_operation_blocks(search->space, arena);
    nas_search_weights(search, epoch, weights);
    return choose(search, (const double *const *)weights, arena, out, err);
}

base_status nas_search_genotype(nas_search *search, base_arena *arena, nas_genotype **out, base_err *err) {
    return nas_search_select(search, NULL, arena, out, err);
}

base_status nas_search_select(nas_search *search, const nas_search_watch *watch, base_arena *arena, nas_genotype **out,
                              base_err *err) {
    BASE_ASSERT(search->epochs > 0);
    const nas_selection *selection = search->choices->selection;
    if (selection->choose) return nas_search_genotype_after(search, search->verdict.genotype, arena, out, err);
    return nas_search_explore(search, watch, arena, out, err);
}

/* ---- reading ---- */

size_t nas_search_epochs(const nas_search *search) {
    return search->epochs;
}

/* The trainer knows how long an epoch took only when all else is known. */
const nas_figures *nas_search_figures(const nas_search *search, size_t epoch) {
    BASE_ASSERT(epoch < search->epochs);
    search->figures[epoch].seconds = eng_trainer_progress(search->trainer)->history[epoch].seconds;
    return &search->figures[epoch];
}

const nas_verdict *nas_search_verdict(const nas_search *search) {
    return &search->verdict;
}

void nas_search_write_figures(const nas_search *search, size_t epoch, base_buf *out) {
    const nas_figures *f = nas_search_figures(search, epoch);
    base_buf_printf(out, "epoch %u", (unsigned)f->epoch);
    if (f->from + 1 != f->epoch)
        base_buf_printf(out, ", which goes on from epoch %u with weight decay %g", (unsigned)f->from, f->weight_decay);
    if (nas_search_stages(search) > 1) base_buf_printf(out, " (stage %u)", (unsigned)f->stage);
    base_buf_printf(out, ": weights' half loss %.4f, error %.4f; alphas' half loss %.4f, error %.4f; entropy %.4f",
                    f->train_loss, f->train_error, f->valid_loss, f->valid_error, f->entropy);
    if (!isnan(f->eigenvalue)) base_buf_printf(out, ", eigenvalue %.3g", f->eigenvalue);
    if (f->learners > 0)
        base_buf_printf(out, "; %u of %u operations frozen", (unsigned)f->frozen, (unsigned)f->learners);
    if (f->chosen > 0)
        base_buf_printf(out, "; of %u edges of '%s' %u skips, %u pools", (unsigned)f->chosen,
                        search->space->cells[normal_cell(search->space)].name, (unsigned)f->skips, (unsigned)f->pools);
}

static bool warn_of_collapse(const nas_search *search, size_t epoch, base_buf *out) {
    const nas_figures *f = nas_search_figures(search, epoch);
    if (f->chosen == 0 || 2 * (f->skips + f->pools) < f->chosen) return false;
    base_buf_printf(out, "the search may be collapsing: %u of %u edges of the cell '%s' are skips or poolings",
                    (unsigned)(f->skips + f->pools), (unsigned)f->chosen,
                    search->space->cells[normal_cell(search->space)].name);
    return true;
}

/* The alphas of a supernet that can do no more than guess follow noise. */
enum { PATIENCE = 3 };
static const double LEARNED = 0.999; /* of the loss of a guess */

static bool guesses(const nas_search *s, size_t epoch) {
    const nas_figures *f = &s->figures[epoch];
    return !((s->view->set->target == ENG_TARGET_NUMBERS ? f->valid_error : f->valid_loss) < LEARNED * s->guess);
}

static bool warn_of_guessing(const nas_search *s, size_t epoch, base_buf *out) {
    if (epoch + 1 < PATIENCE) return false;
    for (size_t e = epoch + 1 - PATIENCE; e <= epoch; e++)
        if (!guesses(s, e)) return false;
    base_buf_printf(out,
                    "the supernet has learned nothing: for %d epochs its loss on the alphas' half has been that of a "
                    "guess, %.4g; a genotype of it is as good as a random one",
                    PATIENCE, s->guess);
    return true;
}

static bool warn_of_end(const nas_search *search, size_t epoch, base_buf *out) {
    const nas_verdict *verdict = &search->verdict;
    if (epoch + 1 != search->epochs || !(verdict->early || verdict->restart)) return false;
    if (verdict->early)
        base_buf_printf(out, "the search ends early: %s; its genotype is that of epoch %zu", verdict->reason,
                        verdict->genotype + 1);
    else
        base_buf_printf(out, "the search goes back to epoch %zu, and on with weight decay %g: %s",
                        verdict->genotype + 1, verdict->weight_decay, verdict->reason);
    return true;
}

bool nas_search_warning(const nas_search *search, size_t epoch, base_buf *out) {
    bool (*const warn[])(const nas_search *, size_t, base_buf *) = {warn_of_guessing, warn_of_collapse, warn_of_end};
    bool any = false;
    for (size_t i = 0; i < sizeof warn / sizeof *warn; i++) {
        base_buf text = {0};
        if (warn[i](search, epoch, &text)) {
            base_buf_printf(out, "%s%s", any ? "; " : "", base_buf_text(&text));
            any = true;
        }
        base_buf_fini(&text);
    }
    return any;
}

void nas_search_alphas(const nas_search *search, size_t epoch, double *const *alphas) {
    BASE_ASSERT(epoch < search->epochs);
    const float *from = search->alphas + epoch * nas_search_kept(search);
    for (size_t t = 0; t < search->space->n_cells; t++)
        for (size_t i = 0; i < search->space->cells[t].weights; i++) alphas[t][i] = *from++;
}

void nas_search_weights(const nas_search *search, size_t epoch, double *const *weights) {
    base_arena *arena = base_arena_create();
    BASE_ASSERT(epoch < search->epochs);
    read_weights(search, epoch, true, arena, weights);
    base_arena_destroy(arena);
}

static void write_edge(const nas_space_cell *cell, const nas_space_edge *edge, size_t epoch, const double *alphas,
                       const double *weights, base_buf *out) {
    for (size_t k = 0; k < edge->n_operations; k++) {
        base_buf_printf(out, "%zu,%s,%zu,%zu,%s,%.9g,%.9g\n", epoch + 1, cell->name, edge->from, edge->to,
                        edge->operations[k]->name, alphas[edge->offset + k], weights[edge->offset + k]);
    }
}

void nas_search_write_alphas(const nas_search *search, base_buf *out) {
    base_arena *arena = base_arena_create();
    double **alphas = nas_operation_blocks(search->space, arena),
           **weights = nas_operation_blocks(search->space, arena);
    base_buf_puts(out, "epoch,cell,from,to,operation,alpha,weight\n");
    for (size_t epoch = 0; epoch < search->epochs; epoch++) {
        nas_search_alphas(search, epoch, alphas);
        nas_search_weights(search, epoch, weights);
        for (size_t t = 0; t < search->space->n_cells; t++)
            for (size_t e = 0; e < search->space->cells[t].n_edges; e++)
                write_edge(&search->space->cells[t], &search->space->cells[t].edges[e], epoch, alphas[t], weights[t],
                           out);
    }
    base_arena_destroy(arena);
}

static void put_known(base_buf *out, double value) {
    base_buf_puts(out, ",");
    if (!isnan(value)) base_buf_printf(out, "%.9g", value);
}

void nas_search_write_epochs(const nas_search *search, base_buf *out) {
    base_buf_puts(
        out, "epoch,train_loss,train_error,valid_loss,valid_error,entropy,eigenvalue,skips,pools,from,weight_decay\n");
    for (size_t epoch = 0; epoch < search->epochs; epoch++) {
        const nas_figures *f = &search->figures[epoch];
        const double known[] = {f->train_loss,  f->train_error, f->valid_loss,
                                f->valid_error, f->entropy,     f->eigenvalue};
        base_buf_printf(out, "%zu", epoch + 1);
        for (size_t i = 0; i < sizeof known / sizeof *known; i++) put_known(out, known[i]);
        put_known(out, f->chosen > 0 ? f->skips : (double)NAN);
        put_known(out, f->chosen > 0 ? f->pools : (double)NAN);
        put_known(out, f->from);
        put_known(out, f->weight_decay);
        base_buf_puts(out, "\n");
    }
}

const nas_supernet *nas_search_supernet(const nas_search *search) {
    return search->net;
}

/* Half of the training part goes through the passes of the step per epoch, the other half through a third of one. */
static double cost_of_epoch(const nas_step_type *step) {
    return 0.5 * ((double)step->passes + (double)step->forwards / 3) + 0.5 / 3;
}

double nas_search_cost(const nas_choices *choices, int64_t epochs, double from, double to) {
    base_arena *arena = base_arena_create();
    const void *state = nas_choices_state(choices, NAS_CHOICE_COURSE, arena);
    double moving = 0, staying = 0; /* epochs */
    for (int64_t e = (int64_t)from; e < epochs && (double)e < to; e++) {
        const nas_course_epoch course = nas_course_at(choices->course, state, (size_t)e, (size_t)epochs);
        *(course.alphas_stay ? &staying : &moving) += fmin(to, (double)(e + 1)) - fmax(from, (double)e);
    }
    base_arena_destroy(arena);
    return moving * cost_of_epoch(choices->step) + staying * cost_of_epoch(&nas_step_weights_only);
}

/* Scoring is a third of a pass over the alphas' half, tuning a pass over the other one. */
double nas_selection_cost(const nas_choices *choices, const nas_space *space) {
    if (!choices->selection->work) return 0;
    base_arena *arena = base_arena_create();
    const void *state = nas_choices_state(choices, NAS_CHOICE_SELECTION, arena);
    const nas_selection_work work = choices->selection->work(state, space);
    base_arena_destroy(arena);
    return 0.5 * work.scored / 3 + 0.5 * work.tuned;
}
