/* The flash of an STM32H742, H743 and H753 (ST RM0433): two banks of 1 MB, each with its own registers,
 * sectors of 128 KB, written in words of 256 bits. The programs that write it run without the data
 * cache. */
#include "board.h"
#include "hal/cortex_m.h"
#include "hal/flash.h"
#include "hal/flash_words.h"
#include "hal/wait.h"
#include "runtime/bytes.h"

#define BANK_BYTES 0x00100000u
#define SECTOR_BYTES 0x00020000u
#define WORD_BYTES 32u

#define FLASH_R_AT(bank, offset) (0x52002000u + 0x100u * (bank) + (offset))
#define FLASH_R(bank, offset) REGISTER(FLASH_R_AT(bank, offset))
#define KEYR(bank) FLASH_R(bank, 0x04u)
#define CR(bank) FLASH_R(bank, 0x0Cu)
#define CR_LOCK (1u << 0)
#define CR_PROGRAM (1u << 1)
#define CR_SECTOR_ERASE (1u << 2)
#define CR_DOUBLE_WORDS (3u << 4) /* program 64 bits at once */
#define CR_START (1u << 7)
#define CR_SECTOR(n) ((n) << 8)
#define SR(bank) FLASH_R(bank, 0x10u)
#define SR_BUSY (1u << 0 | 1u << 1 | 1u << 2) /* busy, a word begun, or the queue not empty */
#define SR_ERRORS (1u << 17 | 1u << 18 | 1u << 19 | 1u << 21 | 1u << 22)
#define SR_TORN (1u << 26) /* two wrong bits in a word that was read */
#define CCR(bank) FLASH_R(bank, 0x14u)
#define CCR_ALL (1u << 16 | SR_ERRORS | 1u << 23 | 1u << 24 | 1u << 25 | 1u << 26 | 1u << 27 | 1u << 28)

_Static_assert(SBNN_FLASH_PAGE_BYTES == SECTOR_BYTES, "a page is a sector");

const bool flash_lets_interrupts_in = false;

static uint32_t bank_of(uint32_t address) {
    return (address - SBNN_FLASH_ORIGIN) / BANK_BYTES;
}

static bool wait(uint32_t bank) {
    return wait_until(FLASH_R_AT(bank, 0x10u), SR_BUSY, 0, WAIT_FLASH);
}

static void unlock(uint32_t bank) {
    (void)wait(bank);
    if (CR(bank) & CR_LOCK) {
        /* ST's keys, in this order; after a wrong one the bank stays locked until the next reset. */
        KEYR(bank) = 0x45670123u;
        KEYR(bank) = 0xCDEF89ABu;
    }
    CCR(bank) = CCR_ALL;
}

/* Wait until the bank is done, and lock it. Returns whether it is, without an error. */
static bool finish(uint32_t bank) {
    const bool right = wait(bank) && (SR(bank) & SR_ERRORS) == 0u;
    CCR(bank) = CCR_ALL;
    CR(bank) = CR_LOCK;
    cortex_m_barrier();
    return right;
}

static bool program(uint32_t address, const uint8_t *word) {
    const uint32_t bank = bank_of(address);
    unlock(bank);
    CR(bank) = CR_PROGRAM | CR_DOUBLE_WORDS;
    cortex_m_barrier();
    for (uint32_t i = 0; i < WORD_BYTES; i += 4u) {
        REGISTER(address + i) = bytes_load32(word + i);
    }
    cortex_m_barrier(); /* stores and registers use different buses: wait for the stores before reading
                           SR */
    return finish(bank);
}

const uint8_t *flash_at(uint32_t address) {
    return (const uint8_t *)(uintptr_t)address;
}

/* A word with two wrong bits is a bus error. It is ignored here, and the bank's flag says that there
 * was one. */
bool flash_is_readable(uint32_t address, uint32_t count) {
    bool torn = false;
    CCR(0u) = SR_TORN;
    CCR(1u) = SR_TORN;
    cortex_m_read_all(address, count);
    for (uint32_t bank = 0; bank < 2u; bank++) {
        torn = torn || (SR(bank) & SR_TORN) != 0u;
        CCR(bank) = SR_TORN;
    }
    return !torn;
}

bool flash_takes_nmi(void) {
    return false;
}

bool flash_erase(uint32_t address) {
    const uint32_t bank = bank_of(address);
    const uint32_t sector = CR_SECTOR((address - SBNN_FLASH_ORIGIN) % BANK_BYTES / SECTOR_BYTES);
    unlock(bank);
    CR(bank) = CR_SECTOR_ERASE | CR_DOUBLE_WORDS | sector;
    CR(bank) = CR_SECTOR_ERASE | CR_DOUBLE_WORDS | sector | CR_START;
    cortex_m_barrier();
    return finish(bank) && flash_is_readable(address, SECTOR_BYTES) &&
           flash_words_blank(flash_at(address), SECTOR_BYTES);
}

bool flash_write(uint32_t address, const uint8_t *bytes, uint32_t count) {
    return flash_is_readable(address, count) &&
           flash_words_write(address, bytes, count, WORD_BYTES, program);
}
