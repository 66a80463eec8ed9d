/* For drivers of flash that is written in whole words of 4, 8, 16 or 32 bytes, each once after an
 * erase: some flash stores an error-correcting code with every word, and a second write would make that
 * code wrong. */
#ifndef SBNN_HAL_FLASH_WORDS_H
#define SBNN_HAL_FLASH_WORDS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static inline bool flash_words_blank(const uint8_t *bytes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (bytes[i] != 0xFFu) {
            return false;
        }
    }
    return true;
}

/* Write the words that contain the `count` bytes at `address` with `program`, padded with 0xFF. Returns
 * false if a word is neither blank nor already right, or if `program` returns false.
 *
 * A word whose contents already match is not written: a host that lost an answer repeats its write. */
static inline bool flash_words_write(uint32_t address, const uint8_t *bytes, uint32_t count,
                                     uint32_t word_bytes,
                                     bool (*program)(uint32_t address, const uint8_t *word)) {
    const uint32_t end = address + count;
    for (uint32_t at = address - address % word_bytes; at < end; at += word_bytes) {
        const uint8_t *const now = (const uint8_t *)(uintptr_t)at;
        uint8_t word[32];
        memset(word, 0xFF, sizeof word);
        for (uint32_t i = 0; i < word_bytes; i++) {
            if (at + i >= address && at + i < end) {
                word[i] = bytes[at + i - address];
            }
        }
        if (memcmp(now, word, word_bytes) == 0) {
            continue;
        }
        if (!flash_words_blank(now, word_bytes) || !program(at, word) ||
            memcmp(now, word, word_bytes) != 0) {
            return false;
        }
    }
    return true;
}

#endif
