/* "Flash" that is RAM on the code bus, as on boards whose FPGA implements the chip. */
#include <string.h>

#include "board.h"
#include "hal/cpu.h"
#include "hal/flash.h"

const bool flash_lets_interrupts_in = true;

const uint8_t *flash_at(uint32_t address) {
    return (const uint8_t *)(uintptr_t)address;
}

bool flash_erase(uint32_t address) {
    memset((uint8_t *)(uintptr_t)address, 0xFF, SBNN_FLASH_PAGE_BYTES);
    cpu_barrier();
    return true;
}

bool flash_write(uint32_t address, const uint8_t *bytes, uint32_t count) {
    memcpy((uint8_t *)(uintptr_t)address, bytes, count);
    cpu_barrier();
    return memcmp(flash_at(address), bytes, count) == 0;
}
