# SPDX-License-Identifier: GPL-3.0-or-later
# Imported targets: hpo_dep_yaml, hpo_dep_zlib, hpo_dep_blas, hpo_dep_gsl, hpo_dep_mpi; for the tests alone hpo_dep_jansson.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(hpo_dep_yaml REQUIRED IMPORTED_TARGET yaml-0.1)
find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)

# OpenBLAS must come first on the link line: Debian's libgsl needs libgslcblas, and with -lgsl -lgslcblas -lopenblas the
# slow reference BLAS answers cblas_sgemm. So no FindGSL here; tests/hpo/models asks the loader who answers.
find_library(HPO_OPENBLAS NAMES openblas REQUIRED)
find_path(HPO_CBLAS_INCLUDE cblas.h PATH_SUFFIXES openblas ${CMAKE_LIBRARY_ARCHITECTURE} openblas-pthread REQUIRED)
find_library(HPO_GSL NAMES gsl REQUIRED)
add_library(hpo_dep_blas INTERFACE)
target_include_directories(hpo_dep_blas INTERFACE "${HPO_CBLAS_INCLUDE}")
target_link_libraries(hpo_dep_blas INTERFACE "${HPO_OPENBLAS}")
add_library(hpo_dep_gsl INTERFACE)
target_link_libraries(hpo_dep_gsl INTERFACE "${HPO_OPENBLAS}" "${HPO_GSL}" m)

if(HPO_MPI)
  find_package(MPI REQUIRED COMPONENTS C)
endif()

if(HPO_TESTS)
  pkg_check_modules(hpo_dep_jansson REQUIRED IMPORTED_TARGET jansson)
endif()
