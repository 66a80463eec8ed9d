/* The flash: read in place, erased by the page, written in pieces.
 *
 * A driver is a file hal/<driver>_flash.c that defines these. The callers make sure that a range is in
 * the application slot or the journal; the drivers report what the hardware refuses. */
#ifndef SBNN_HAL_FLASH_H
#define SBNN_HAL_FLASH_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"

/* A pointer to the bytes at `address`. */
const uint8_t *flash_at(uint32_t address);

/* Erase the page, or the journal's sector, that begins at `address` to 0xFF. Returns false if it does
 * not read as 0xFF afterwards. */
bool flash_erase(uint32_t address);

/* Write `count` bytes. Returns false if they do not read back. */
bool flash_write(uint32_t address, const uint8_t *bytes, uint32_t count);

/* Whether reading these bytes faults nowhere. Flash with error-correcting codes faults at a word that a
 * power cut left half written or half erased. */
#if SBNN_FLASH_HAS_ERROR_CODES
bool flash_is_readable(uint32_t address, uint32_t count);

/* In the handler of an NMI: whether it came from flash_is_readable, which then goes on. */
bool flash_takes_nmi(void);
#else
static inline bool flash_is_readable(uint32_t address, uint32_t count) {
    (void)address;
    (void)count;
    return true;
}

static inline bool flash_takes_nmi(void) {
    return false;
}
#endif

/* Whether interrupts are taken while flash is erased and written. They are not where the core fetches
 * its code from the same flash: it stalls until the flash is ready. */
extern const bool flash_lets_interrupts_in;

#endif
