/* What a board remembers of its images through power cuts: which may start, and which a reset starts.
 *
 * It stands in two pages among the bootloader's, which hosts can read and neither write nor erase. A
 * change is a new record behind the last: one that is cut off has a wrong CRC, and the one before it
 * holds. Where a page is full, the other is erased and goes on. Bootloader and application both write
 * it; boards without one (SBNN_JOURNAL_BYTES is 0) remember nothing. */
#ifndef SBNN_RUNTIME_JOURNAL_H
#define SBNN_RUNTIME_JOURNAL_H

#include <stdint.h>

#define JOURNAL_SLOTS 2u
#define JOURNAL_CONFIRMED 0xFFu

typedef struct {
    uint32_t sequence; /* of the record; the highest holds */
    uint32_t counter;  /* the highest of an image that was confirmed */
    uint32_t
        known[JOURNAL_SLOTS]; /* header_crc32 of the image that was last found whole in each slot */
    uint8_t starts[JOURNAL_SLOTS]; /* of that image; JOURNAL_CONFIRMED once it has confirmed itself */
    uint8_t current;               /* the slot that a reset starts */
    uint8_t unused[9];
    uint32_t crc32; /* of the 28 bytes before it */
} journal;

_Static_assert(sizeof(journal) == 32, "a record fills the word of any flash");

/* The last record; zeros if there is none. */
void journal_load(journal *state);

/* Make `state` the last record, unless its content is what the last one says. */
void journal_store(const journal *state);

#endif
