/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fashion-MNIST: 60,000 + 10,000 grey images of 28 x 28 in ten classes, as Debian packages it.
 *
 * H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning Algorithms",
 * arXiv:1708.07747. */
#include "engine/data/idx.h"

static const char default_folder[] = "/usr/share/datasets/fashion-mnist";
static const char *const classes[] = {"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
                                      "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

static base_status load(const eng_dataset_source *source, eng_dataset **out, base_err *err) {
    const char *folder = source->path ? source->path : default_folder;
    base_status status = eng_idx_load("fashion-mnist", folder, classes, sizeof classes / sizeof *classes, out, err);
    if (status == BASE_NOTFOUND && !source->path)
        base_err_prefix(err,
                        "Fashion-MNIST is not installed (Debian: apt-get install dataset-fashion-mnist; elsewhere: "
                        "say where its four files are with path)");
    return status;
}

const eng_dataset_type eng_dataset_fashion_mnist = {
    .name = "fashion-mnist",
    .summary = "70,000 images of clothes, 28 x 28, 10 classes (default path: Debian's dataset-fashion-mnist)",
    .load = load,
};
