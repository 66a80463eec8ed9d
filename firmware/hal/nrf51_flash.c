/* The flash of Nordic's nRF51 and nRF52 (nRF51 Series Reference Manual, nRF52840 Product Specification,
 * "Non-Volatile Memory Controller"): pages of one size, written in 32-bit words. An nRF52840 allows two
 * writes of a word between two erases; each is written once. */
#include "board.h"
#include "hal/cortex_m.h"
#include "hal/flash.h"
#include "hal/flash_words.h"
#include "hal/wait.h"
#include "runtime/bytes.h"

#define NVMC 0x4001E000u
#define NVMC_READY (NVMC + 0x400u)
#define NVMC_CONFIG REGISTER(NVMC + 0x504u)
#define CONFIG_READ 0u
#define CONFIG_WRITE 1u
#define CONFIG_ERASE 2u
#define NVMC_ERASEPAGE REGISTER(NVMC + 0x508u)
#define WORD_BYTES 4u

static bool wait(void) {
    return wait_until(NVMC_READY, 1, 1, WAIT_FLASH);
}

static bool configure(uint32_t access) {
    const bool done = wait();
    NVMC_CONFIG = access;
    return done && wait();
}

const bool flash_lets_interrupts_in = false;

const uint8_t *flash_at(uint32_t address) {
    return (const uint8_t *)(uintptr_t)address;
}

bool flash_erase(uint32_t address) {
    const uint32_t *const words = (const uint32_t *)(uintptr_t)address;
    (void)configure(CONFIG_ERASE);
    NVMC_ERASEPAGE = address;
    /* This waits until the page is erased. */
    bool done = configure(CONFIG_READ);
    for (uint32_t i = 0; i < SBNN_FLASH_PAGE_BYTES / 4u && done; i++) {
        done = words[i] == 0xFFFFFFFFu;
    }
    return done;
}

static bool program(uint32_t address, const uint8_t *word) {
    REGISTER(address) = bytes_load32(word);
    return wait();
}

bool flash_write(uint32_t address, const uint8_t *bytes, uint32_t count) {
    const bool done =
        configure(CONFIG_WRITE) && flash_words_write(address, bytes, count, WORD_BYTES, program);
    return configure(CONFIG_READ) && done;
}
