/* Flash whose power fails after `power` bytes; later writes and erases have no effect. */
#include <string.h>

#include "board.h"
#include "hal/flash.h"

uint8_t journal_bytes[SBNN_JOURNAL_BYTES];
uint32_t power = 0xFFFFFFFFu;
uint32_t stuck; /* 1 + the offset of a byte that every write clears to 0; 0 for none */

static uint8_t *place(uint32_t address) {
    return journal_bytes + (address - SBNN_JOURNAL_ORIGIN);
}

static bool use_power(void) {
    if (power == 0u) {
        return false;
    }
    power--;
    return true;
}

const uint8_t *flash_at(uint32_t address) {
    return place(address);
}

bool flash_erase(uint32_t address) {
    uint8_t *page = place(address);
    for (uint32_t i = 0; i < SBNN_FLASH_PAGE_BYTES; i++) {
        if (use_power()) {
            page[i] = 0xFF;
        }
    }
    return power != 0u;
}

/* It only clears bits, as real flash does. */
bool flash_write(uint32_t address, const uint8_t *bytes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (use_power()) {
            place(address)[i] &= bytes[i];
        }
        if (address + i - SBNN_JOURNAL_ORIGIN + 1u == stuck) {
            place(address)[i] = 0;
        }
    }
    return memcmp(place(address), bytes, count) == 0;
}
