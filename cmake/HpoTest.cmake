# SPDX-License-Identifier: GPL-3.0-or-later
# hpo_test(test_name [SOURCE file.c] [LABEL unit|conformance|mpi|cli|slow] [LIBS lib ...] [TIMEOUT seconds] [ARGS ...])
# A cmocka program per test; SOURCE defaults to test_name.c. tests/support is on every include path.
function(hpo_test name)
  cmake_parse_arguments(ARG "" "SOURCE;LABEL;TIMEOUT" "LIBS;ARGS" ${ARGN})
  if(NOT ARG_SOURCE)
    set(ARG_SOURCE ${name}.c)
  endif()
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  if(CMAKE_CROSSCOMPILING) # an emulator runs it
    math(EXPR ARG_TIMEOUT "40 * ${ARG_TIMEOUT}")
  elseif(HPO_SANITIZE) # ThreadSanitizer takes five to fifteen times as long
    math(EXPR ARG_TIMEOUT "5 * ${ARG_TIMEOUT}")
  endif()
  add_executable(${name} ${ARG_SOURCE})
  target_link_libraries(${name} PRIVATE hpo_flags ${ARG_LIBS} "${HPO_CMOCKA}" m)
  add_test(NAME ${name} COMMAND ${name} ${ARG_ARGS} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT}
    ENVIRONMENT "OPENBLAS_NUM_THREADS=1")
endfunction()
