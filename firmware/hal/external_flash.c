/* Flash that only a debugger writes: the bootloader checks and starts the image in it, and refuses to
 * erase or write. */
#include "board.h"
#include "hal/flash.h"

const bool flash_lets_interrupts_in = false;

const uint8_t *flash_at(uint32_t address) {
    return (const uint8_t *)(uintptr_t)address;
}

bool flash_erase(uint32_t address) {
    (void)address;
    return false;
}

bool flash_write(uint32_t address, const uint8_t *bytes, uint32_t count) {
    (void)address;
    (void)bytes;
    (void)count;
    return false;
}
