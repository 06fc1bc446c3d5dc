# SPDX-License-Identifier: GPL-3.0-or-later
# Cross-compiles for 64-bit ARM with Debian's gcc-aarch64-linux-gnu against the Debian packages that
# scripts/check_aarch64.sh unpacks, and runs what is built under qemu-user.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_SYSROOT "${CMAKE_CURRENT_LIST_DIR}/../build/aarch64-root")
file(REAL_PATH "${CMAKE_SYSROOT}" CMAKE_SYSROOT)
set(lib "${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu")
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L "${CMAKE_SYSROOT}")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
# On a Debian system update-alternatives makes links to OpenBLAS; packages that are only unpacked have none.
set(CMAKE_LIBRARY_PATH "${lib}/openblas-pthread")
set(ENV{PKG_CONFIG_LIBDIR} "${lib}/pkgconfig")
set(ENV{PKG_CONFIG_SYSROOT_DIR} "${CMAKE_SYSROOT}")
