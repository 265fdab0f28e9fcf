# What --version says. WICK_COMMIT is for builds without the repository, such as those of an image; else git tells it,
# and CMake runs anew when HEAD has moved.
set(WICK_COMMIT "$ENV{BUILD_COMMIT}" CACHE STRING "the commit that is built; empty: the repository's")

function(wick_find_commit out)
  set(commit ${WICK_COMMIT})
  if(NOT commit AND EXISTS ${CMAKE_SOURCE_DIR}/.git)
    execute_process(COMMAND git rev-parse --short=12 HEAD WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
      OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    execute_process(COMMAND git rev-parse --git-path logs/HEAD WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
      OUTPUT_VARIABLE log OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    get_filename_component(log "${log}" ABSOLUTE BASE_DIR ${CMAKE_SOURCE_DIR})
    if(EXISTS ${log} AND NOT IS_DIRECTORY ${log})
      set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${log})
    endif()
  endif()
  if(NOT commit)
    set(commit unknown)
  endif()
  set(${out} ${commit} PARENT_SCOPE)
endfunction()

wick_find_commit(commit)
set(build ${CMAKE_BUILD_TYPE})
if(WICK_SANITIZE)
  string(APPEND build " with sanitizers ${WICK_SANITIZE}")
endif()
wick_library(wick_version SOURCES ${CMAKE_SOURCE_DIR}/lib/base/version.c)
target_compile_definitions(wick_version PRIVATE WICK_VERSION="${PROJECT_VERSION}" WICK_COMMIT="${commit}"
  "WICK_BUILD=\"${build}\"")
