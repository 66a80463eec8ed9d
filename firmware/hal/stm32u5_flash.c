/* The flash of an STM32U575 and U585 without TrustZone (ST RM0456): two banks of 8 KB pages, written in
 * words of 128 bits. The instruction cache also holds constants, so it is invalidated after each
 * change. */
#include "board.h"
#include "hal/register.h"
#include "hal/wait.h"

#define PAGE_BYTES 0x2000u
#define BANK_PAGES (SBNN_FLASH_BYTES / PAGE_BYTES / 2u)
#define WORD_BYTES 16u

#define FLASH_R 0x40022000u
#define KEYR REGISTER(FLASH_R + 0x08u)
#define SR_AT (FLASH_R + 0x20u)
#define SR REGISTER(SR_AT)
#define SR_BUSY (1u << 16 | 1u << 17) /* busy, or a word begun */
#define SR_SETTLES 0u
#define SR_ERRORS (1u << 1 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7)
#define SR_CLEAR (SR_ERRORS | 1u << 0) /* writing 1 clears */
#define CR REGISTER(FLASH_R + 0x28u)
#define CR_PROGRAM (1u << 0)
#define CR_PAGE_ERASE (1u << 1)
#define CR_PAGE(n) ((n) << 3)
#define CR_SECOND_BANK (1u << 11)
#define CR_START (1u << 16)
#define CR_LOCK (1u << 31)

#define ECCRS 1u
#define ECCR(bank) REGISTER(FLASH_R + 0x30u + (bank))
#define ECCR_TORN (1u << 31) /* two wrong bits in a word that was read */

#define ICACHE_CR REGISTER(0x40030400u)
#define ICACHE_CR_ON (1u << 0)
#define ICACHE_CR_EMPTY (1u << 1)
#define ICACHE_SR 0x40030404u
#define ICACHE_SR_BUSY (1u << 0)

#include "hal/stm32_pages.h"

static uint32_t choice_of(uint32_t address) {
    const uint32_t number = (address - SBNN_FLASH_ORIGIN) / PAGE_BYTES;
    return CR_PAGE(number % BANK_PAGES) | (number < BANK_PAGES ? 0u : CR_SECOND_BANK) | CR_PAGE_ERASE;
}

static void leave_caches(void) {
}

static void empty_caches(void) {
    if (ICACHE_CR & ICACHE_CR_ON) {
        ICACHE_CR |= ICACHE_CR_EMPTY; /* the number of ways must not change while it is on */
        (void)wait_until(ICACHE_SR, ICACHE_SR_BUSY, 0, WAIT_CLOCK);
    }
}
