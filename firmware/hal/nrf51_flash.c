/* The flash of Nordic's nRF51 (nRF51 Series Reference Manual, "Non-Volatile Memory Controller"): pages
 * of one size, written in 32-bit words. */
#include <string.h>

#include "board.h"
#include "hal/cortex_m.h"
#include "hal/flash.h"
#include "runtime/bytes.h"

#define NVMC 0x4001E000u
#define NVMC_READY REGISTER(NVMC + 0x400u)
#define NVMC_CONFIG REGISTER(NVMC + 0x504u)
#define CONFIG_READ 0u
#define CONFIG_WRITE 1u
#define CONFIG_ERASE 2u
#define NVMC_ERASEPAGE REGISTER(NVMC + 0x508u)

static void wait(void) {
    while (!(NVMC_READY & 1u)) {
    }
}

static void configure(uint32_t access) {
    wait();
    NVMC_CONFIG = access;
    wait();
}

const bool flash_lets_interrupts_in = false;

const uint8_t *flash_at(uint32_t address) {
    return (const uint8_t *)(uintptr_t)address;
}

bool flash_erase(uint32_t address) {
    const uint32_t *const words = (const uint32_t *)(uintptr_t)address;
    configure(CONFIG_ERASE);
    NVMC_ERASEPAGE = address;
    /* This waits until the page is erased. */
    configure(CONFIG_READ);
    for (uint32_t i = 0; i < SBNN_FLASH_PAGE_BYTES / 4u; i++) {
        if (words[i] != 0xFFFFFFFFu) {
            return false;
        }
    }
    return true;
}

bool flash_write(uint32_t address, const uint8_t *bytes, uint32_t count) {
    if (address % 4u != 0u || count % 4u != 0u) {
        return false;
    }
    configure(CONFIG_WRITE);
    for (uint32_t i = 0; i < count; i += 4u) {
        REGISTER(address + i) = bytes_load32(bytes + i);
        wait();
    }
    configure(CONFIG_READ);
    return memcmp(flash_at(address), bytes, count) == 0;
}
