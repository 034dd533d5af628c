// What the standard library does with a text that is not UTF-8 (StringGuts*.swift, StringUTF8View.swift). Such a text
// comes from Objective-C alone, so an image has none; but each place that looks into a text has a way to these, and they
// are 5 KB of an image. They stand before the standard library's, which are weak. One that it no longer has, in another
// version, is left out by the linker, and its successor is the standard library's again.

#include "boot.h"

// Seldom run: as small as can be.
#pragma clang attribute push(__attribute__((minsize)), apply_to = function)

#define NEVER_CALLED(name, symbol) \
  _Noreturn void name(void) __asm__(symbol); \
  _Noreturn void name(void) { boot_panic("a text that is not UTF-8", BOOT_EXIT_TRAP); }

#define GUTS "$es11_StringGutsV"
#define VIEW "$eSS8UTF8ViewV"

NEVER_CALLED(append_in_place, GUTS "21_foreignAppendInPlace33_408A76AB043BD3EFBAB6FAAAAA9B4914LLyys01_aB5SliceVF")
NEVER_CALLED(grow, GUTS "12_foreignGrow33_408A76AB043BD3EFBAB6FAAAAA9B4914LLyySiF")
NEVER_CALLED(match_encoding, GUTS "27_slowEnsureMatchingEncodingySS5IndexVAEF")
NEVER_CALLED(count, VIEW "13_foreignCountSiyF")
NEVER_CALLED(distance, VIEW "16_foreignDistance4from2toSiSS5IndexV_AGtF")
NEVER_CALLED(index_after, VIEW "13_foreignIndex5afterSS0D0VAF_tF")
NEVER_CALLED(index_before, VIEW "13_foreignIndex6beforeSS0D0VAF_tF")
NEVER_CALLED(index_offset, VIEW "13_foreignIndex_8offsetBySS0D0VAF_SitF")

#pragma clang attribute pop
