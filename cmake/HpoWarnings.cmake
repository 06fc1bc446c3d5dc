# SPDX-License-Identifier: GPL-3.0-or-later
# One interface target with the project's compile flags; every library and program links it privately.
add_library(hpo_flags INTERFACE)
target_compile_definitions(hpo_flags INTERFACE _GNU_SOURCE)
target_compile_options(hpo_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
  -ffp-contract=off          # equal results on every machine: a fused multiply-add is written, never invented
  -fno-math-errno -fno-trapping-math
  $<$<BOOL:${HPO_WERROR}>:-Werror>)
target_include_directories(hpo_flags INTERFACE "${PROJECT_SOURCE_DIR}")
if(HPO_SANITIZE)
  # Instrumented code is inlined otherwise, and the compiler then sees in kernels values that nobody may have written.
  target_compile_options(hpo_flags INTERFACE $<$<C_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  target_compile_options(hpo_flags INTERFACE -fsanitize=${HPO_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_link_options(hpo_flags INTERFACE -fsanitize=${HPO_SANITIZE})
endif()
if(HPO_FUZZ)
  target_compile_options(hpo_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
