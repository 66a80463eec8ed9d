#include "runtime/journal.h"

#include <stddef.h>
#include <string.h>

#include "board.h"

#if SBNN_JOURNAL_BYTES

#include "hal/flash.h"
#include "runtime/crc32.h"

#define ORIGIN SBNN_JOURNAL_ORIGIN
#define PAGE (SBNN_JOURNAL_BYTES / 2u)
#define MOST_TRIES 2 /* a place that does not take its record is skipped once */

static uint32_t seal(const journal *record) {
    return crc32_update(0, (const uint8_t *)record, offsetof(journal, crc32));
}

/* Whether all of the page is blank from this address in it on. */
static bool is_blank(uint32_t address) {
    const uint8_t *at = flash_at(address);
    for (uint32_t left = PAGE - (address - ORIGIN) % PAGE; left > 0u; left--) {
        if (*at++ != 0xFFu) {
            return false;
        }
    }
    return true;
}

/* Find the last record. Returns the address after it; ORIGIN if there is no record. */
static uint32_t find_last(journal *last) {
    uint32_t after = ORIGIN;
    memset(last, 0, sizeof *last);
    for (uint32_t at = ORIGIN; at < ORIGIN + SBNN_JOURNAL_BYTES; at += sizeof *last) {
        journal record;
        memcpy(&record, flash_at(at), sizeof record);
        if (record.sequence > last->sequence && record.crc32 == seal(&record)) {
            *last = record;
            after = at + (uint32_t)sizeof record;
        }
    }
    return after;
}

static bool ends_page(uint32_t address) {
    return (address - ORIGIN) % PAGE == 0u;
}

/* The address for the next record: the first place after the last record from which the page is blank,
 * or the start of the other page, which is then erased. A place may be not blank and no record either:
 * a power cut left it half written. A blank place before such bytes is not used: what an interrupted
 * erase left is not reliable, even where it reads as blank. */
static uint32_t make_room(uint32_t after) {
    if (after != ORIGIN) {
        while (!ends_page(after) && !is_blank(after)) {
            after += (uint32_t)sizeof(journal);
        }
        if (!ends_page(after)) {
            return after;
        }
    }
    const uint32_t start = after == ORIGIN + PAGE ? after : ORIGIN;
    (void)flash_erase(start); /* if it fails, so does the write, which is checked */
    return start;
}

void journal_load(journal *state) {
    (void)find_last(state);
}

bool journal_store(const journal *state) {
    journal last;
    const uint32_t after = find_last(&last);
    journal record = *state;
    if (record.counter < last.counter) {
        record.counter = last.counter; /* it never falls, whatever the caller has skipped */
    }
    record.sequence = last.sequence;
    record.crc32 = last.crc32;
    if (memcmp(&record, &last, sizeof last) == 0) {
        return true;
    }
    record.sequence++;
    record.crc32 = seal(&record);
    for (int tries = 0; tries < MOST_TRIES; tries++) {
        if (flash_write(make_room(after), (const uint8_t *)&record, sizeof record)) {
            return true;
        }
    }
    return false;
}

#else

void journal_load(journal *state) {
    memset(state, 0, sizeof *state);
}

bool journal_store(const journal *state) {
    (void)state;
    return true;
}

#endif
