# SPDX-License-Identifier: GPL-3.0-or-later
# hpo_embed(OUT.c symbol FILE): a C source with the bytes of FILE as `const char symbol[]` and a NUL behind them, in the
# build folder; made again when FILE changes.
function(hpo_embed out symbol file)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
  file(READ "${file}" bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "((....,)(....,)(....,)(....,)(....,)(....,)(....,)(....,))" "\\1\n" bytes "${bytes}")
  file(CONFIGURE OUTPUT "${out}" CONTENT "extern const char ${symbol}[];\nconst char ${symbol}[] = {\n@bytes@0};\n" @ONLY)
endfunction()
