#pragma once
#include <sqlite3.h>

/* sqlite3_db_config is variadic, which Swift does not import: the switches that are one int. */
static inline int souk_sqlite3_switch(sqlite3 *database, int option, int on) {
  return sqlite3_db_config(database, option, on, (int *)0);
}

/* SQLITE_TRANSIENT is a cast, which Swift does not import: these copy what they bind. */
static inline int souk_sqlite3_bind_text(sqlite3_stmt *statement, int index, const char *text, sqlite3_uint64 byte_count) {
  return sqlite3_bind_text64(statement, index, text, byte_count, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline int souk_sqlite3_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, sqlite3_uint64 byte_count) {
  return sqlite3_bind_blob64(statement, index, bytes, byte_count, SQLITE_TRANSIENT);
}
