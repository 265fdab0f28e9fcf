# How everything is compiled: one interface target for warnings, hardening and sanitizers, and three functions.
option(WICK_TESTS "build the tests" ON)
option(WICK_WERROR "warnings are errors" OFF)
set(WICK_SANITIZE "" CACHE STRING "sanitizers, as -fsanitize= takes them: address,undefined or thread")
option(WICK_FUZZ "build the fuzz targets with libFuzzer (clang)" OFF)

# Asserts stay on in every build, and what is deployed is what is tested: the same optimisation.
set(CMAKE_C_FLAGS_RELEASE "-O2")
set(CMAKE_CXX_FLAGS_RELEASE "-O2")
foreach(flags CMAKE_C_FLAGS_RELEASE CMAKE_C_FLAGS_RELWITHDEBINFO CMAKE_CXX_FLAGS_RELEASE CMAKE_CXX_FLAGS_RELWITHDEBINFO)
  string(REPLACE "-DNDEBUG" "" ${flags} "${${flags}}")
endforeach()

add_library(wick_build INTERFACE)
target_include_directories(wick_build INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_definitions(wick_build INTERFACE _GNU_SOURCE)
target_compile_options(wick_build INTERFACE
  -Wall -Wextra -Wformat=2 -Wconversion -Wsign-conversion -Wimplicit-fallthrough -Wshadow -Wvla -Wundef
  -ffp-contract=off # a * b + c rounds twice on every machine, or two of them decide differently
  -fno-strict-aliasing -fno-delete-null-pointer-checks -fno-omit-frame-pointer
  -Werror=format-security
  $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes -Werror=implicit
    -Werror=incompatible-pointer-types -Werror=int-conversion>)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(wick_build INTERFACE -Wtrampolines -Wbidi-chars=any -Wlogical-op)
endif()
if(WICK_WERROR)
  target_compile_options(wick_build INTERFACE -Werror)
endif()

if(WICK_SANITIZE)
  target_compile_options(wick_build INTERFACE -fsanitize=${WICK_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(wick_build INTERFACE -fsanitize=${WICK_SANITIZE})
else()
  # OpenSSF compiler hardening guide; _FORTIFY_SOURCE and the sanitizers exclude each other. It needs optimisation.
  target_compile_options(wick_build INTERFACE
    -fstack-protector-strong -fstack-clash-protection -fcf-protection=full -fPIE -fno-strict-overflow
    $<$<CONFIG:Release,RelWithDebInfo>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3>)
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(wick_build INTERFACE -ftrivial-auto-var-init=zero)
  endif()
  target_link_options(wick_build INTERFACE -pie)
endif()
target_link_options(wick_build INTERFACE
  -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--as-needed -Wl,--no-copy-dt-needed-entries)
if(WICK_FUZZ)
  target_compile_options(wick_build INTERFACE -fsanitize=fuzzer-no-link)
endif()

# wick_library(NAME SOURCES a.c b.c LIBRARIES x y): the static library of one folder.
function(wick_library name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_library(${name} STATIC ${arg_SOURCES})
  target_link_libraries(${name} PUBLIC wick_build ${arg_LIBRARIES})
endfunction()

# wick_program(NAME SOURCES main.c LIBRARIES x): an executable in bin/.
function(wick_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE wick_build ${arg_LIBRARIES} wick_version)
endfunction()

# Tests run far from UTC, in a zone with summer time (written out, as no machine has to know zones by name): nothing that
# Wick stores or decides may depend on it.
set(WICK_TEST_ENVIRONMENT "TZ=EST5EDT,M3.2.0,M11.1.0")

# wick_test(NAME LABEL unit SOURCES a.c LIBRARIES x TIMEOUT 600): a CUnit program that ctest runs.
function(wick_test name)
  cmake_parse_arguments(arg "" "LABEL;TIMEOUT" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300) # for what hangs; a slow or busy machine is no failure
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE wick_build wick_test_main ${arg_LIBRARIES})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT ${arg_TIMEOUT} SKIP_RETURN_CODE 77
    ENVIRONMENT "${WICK_TEST_ENVIRONMENT}")
endfunction()
