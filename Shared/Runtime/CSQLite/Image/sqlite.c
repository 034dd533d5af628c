// https://sqlite.org/compile.html before changing this file.
//
// SQLite as an image has it: compiled from Debian's source package (deploy/unikernel/sqlite), and not Debian's
// libsqlite3.a. That is made for an operating system: it leaves 76 symbols open, about 50 of which would be stubs that
// must never be reached, it loads extensions and is a third larger. Compiled so, SQLite asks its machine for memory, a
// few pure functions and `log` (CBoot), and there is no code for what an image does not do.
//
// SQL that works in a process and not here: the functions of JSON, window functions, ANALYZE, REINDEX, EXPLAIN,
// auto-vacuum, and expressions deeper than a hundred. No service has them.

// The machine. No operating system: Storage registers the only VFS before it opens a database. One processor, and
// one fiber that SQLite runs on.
#define SQLITE_OS_OTHER 1
#define SQLITE_THREADSAFE 0
#define SQLITE_OMIT_LOAD_EXTENSION 1
#define SQLITE_OMIT_LOCALTIME 1
#define SQLITE_MAX_MMAP_SIZE 0
#define SQLITE_TEMP_STORE 3  // In memory: there is one file and its log.
#define SQLITE_OMIT_SHARED_CACHE 1
// The heap knows how large a place is, so SQLite keeps no count of its own in front of each.
#define HAVE_MALLOC_H 1
#define HAVE_MALLOC_USABLE_SIZE 1
#define SQLITE_DEFAULT_MEMSTATUS 0

// The language.
#define SQLITE_ENABLE_FTS5 1  // The catalog's search.
#define SQLITE_DQS 0
#define SQLITE_LIKE_DOESNT_MATCH_BLOBS 1
#define SQLITE_MAX_EXPR_DEPTH 100  // Bounds the fiber's stack; the services' statements are far below it.
#define SQLITE_DEFAULT_FOREIGN_KEYS 1

// What nobody here calls.
#define SQLITE_OMIT_ANALYZE 1
#define SQLITE_OMIT_AUTHORIZATION 1
#define SQLITE_OMIT_AUTOVACUUM 1
#define SQLITE_OMIT_COMPILEOPTION_DIAGS 1
#define SQLITE_OMIT_COMPLETE 1
#define SQLITE_OMIT_DEPRECATED 1
#define SQLITE_OMIT_DESERIALIZE 1
#define SQLITE_OMIT_EXPLAIN 1
#define SQLITE_OMIT_GET_TABLE 1
#define SQLITE_OMIT_INTROSPECTION_PRAGMAS 1
#define SQLITE_OMIT_JSON 1
#define SQLITE_OMIT_PROGRESS_CALLBACK 1
#define SQLITE_OMIT_REINDEX 1
#define SQLITE_OMIT_TCL_VARIABLE 1
#define SQLITE_OMIT_TRACE 1
#define SQLITE_OMIT_UTF16 1
#define SQLITE_OMIT_WINDOWFUNC 1
#define SQLITE_UNTESTABLE 1

#include "sqlite3.c"

/// Called by sqlite3_initialize: no VFS of SQLite's own.
int sqlite3_os_init(void) { return SQLITE_OK; }
int sqlite3_os_end(void) { return SQLITE_OK; }
