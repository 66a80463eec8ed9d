/* What a board remembers about its images through power cuts: which may start, and which one a reset
 * starts.
 *
 * The journal is in two pages of the bootloader's flash, which hosts can read but neither write nor
 * erase. A change is a new record after the last one. A record that a power cut interrupted has a wrong
 * CRC, so the one before it stays valid. When a page is full, the other one is erased and used.
 * Bootloader and application both write the journal; boards without one (SBNN_JOURNAL_BYTES is 0)
 * remember nothing. */
#ifndef SBNN_RUNTIME_JOURNAL_H
#define SBNN_RUNTIME_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#define JOURNAL_SLOTS 2u
#define JOURNAL_CONFIRMED 0xFFu

typedef struct {
    uint32_t sequence; /* number of the record; the highest is valid */
    uint32_t counter;  /* the highest counter of any confirmed image */
    uint32_t
        known[JOURNAL_SLOTS]; /* header_crc32 of the image that was last found whole in each slot */
    uint8_t starts[JOURNAL_SLOTS]; /* starts of that image; JOURNAL_CONFIRMED once it is confirmed */
    uint8_t current;               /* the slot that a reset starts */
    uint8_t unused[9];
    uint32_t crc32; /* of the 28 bytes before it */
} journal;

_Static_assert(sizeof(journal) == 32, "a record fills the word of any flash");

/* Read the last record; zeros if there is none. */
void journal_load(journal *state);

/* Append `state` as a record, unless the last record has the same content. Returns whether the flash
 * holds it now; always true on boards without a journal. */
bool journal_store(const journal *state);

#endif
