# The libraries Wick stands on, as PkgConfig::NAME targets. Why each: docs/dependencies.md.
find_package(PkgConfig REQUIRED)

pkg_check_modules(ZMQ REQUIRED IMPORTED_TARGET libzmq>=4.3.4)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(FYAML REQUIRED IMPORTED_TARGET libfyaml)
pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib)
pkg_check_modules(ZIP REQUIRED IMPORTED_TARGET libzip)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)
# wslay has no .pc file.
find_library(WICK_WSLAY_LIBRARY wslay REQUIRED)
find_path(WICK_WSLAY_FOLDER wslay/wslay.h REQUIRED)
add_library(WSLAY UNKNOWN IMPORTED)
set_target_properties(WSLAY PROPERTIES IMPORTED_LOCATION "${WICK_WSLAY_LIBRARY}"
  INTERFACE_INCLUDE_DIRECTORIES "${WICK_WSLAY_FOLDER}")
# msgpack-c is called "msgpack" in Debian 12 and Ubuntu 24.04 and "msgpack-c" in Debian 13, whose file says "-Iinclude":
# a relative folder, which is left out, since the compiler looks in /usr/include anyway.
pkg_search_module(MSGPACK REQUIRED IMPORTED_TARGET msgpack-c msgpack)
get_target_property(msgpack_folders PkgConfig::MSGPACK INTERFACE_INCLUDE_DIRECTORIES)
if(msgpack_folders)
  list(FILTER msgpack_folders INCLUDE REGEX "^/")
  set_target_properties(PkgConfig::MSGPACK PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${msgpack_folders}")
endif()
