# Writes a C file with every migrations/NNN_name.ENGINE.sql as a text: cmake -DFOLDER=... -DOUTPUT=... -P embed.cmake
file(GLOB files RELATIVE ${FOLDER} ${FOLDER}/*.sql)
list(SORT files)
set(texts "")
set(rows "")
set(count 0)
foreach(file IN LISTS files)
  if(NOT file MATCHES "^0*([0-9]+)_([a-z0-9_]+)\\.([a-z]+)\\.sql$")
    message(FATAL_ERROR "${file}: expected NNN_name.ENGINE.sql")
  endif()
  string(APPEND rows "    {${CMAKE_MATCH_1}, \"${CMAKE_MATCH_2}\", \"${CMAKE_MATCH_3}\", text_${count}},\n")
  file(READ ${FOLDER}/${file} bytes HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
  string(APPEND texts "static const char text_${count}[] = {${bytes}0};\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUTPUT} "/* Generated from ${count} files of lib/store/migrations. */
#include \"lib/store/migration.h\"

${texts}
const struct migration migrations[] = {
${rows}};

const size_t migration_count = ${count};
")
