/* The flash of an STM32L4R or L4S with 2 MB (ST RM0432), written in words of 64 bits: two banks of 4 KB
 * pages, or one of 8 KB pages, as an option byte says. The driver erases only if that is what
 * board.toml says. The data cache may return wrong contents while the flash is programmed
 * (ES0393, 2.2.2), so both caches are off meanwhile. */
#include "board.h"
#include "hal/register.h"

#define PAGE_BYTES SBNN_FLASH_PAGE_BYTES
#define WORD_BYTES 8u

#define FLASH_R 0x40022000u
#define ACR REGISTER(FLASH_R + 0x00u)
#define ACR_CACHES (1u << 9 | 1u << 10)  /* instructions and data */
#define ACR_RESETS (1u << 11 | 1u << 12) /* empty them; only while they are off */
#define KEYR REGISTER(FLASH_R + 0x08u)
#define SR_AT (FLASH_R + 0x10u)
#define SR REGISTER(SR_AT)
#define SR_BUSY (1u << 16)
#define SR_SETTLES 0u
#define SR_ERRORS (1u << 1 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7)
#define SR_CLEAR (SR_ERRORS | 1u << 0) /* writing 1 clears */
#define CR REGISTER(FLASH_R + 0x14u)
#define CR_PROGRAM (1u << 0)
#define CR_PAGE_ERASE (1u << 1)
#define CR_PAGE(n) ((n) << 3)
#define CR_SECOND_BANK (1u << 11)
#define CR_START (1u << 16)
#define CR_LOCK (1u << 31)
#define ECCRS 1u
#define ECCR(n) REGISTER(FLASH_R + 0x18u + (n))
#define ECCR_TORN                                                                                      \
    (1u << 31 | 1u << 29) /* two wrong bits; the second one is the other half's of one bank */
#define OPTR REGISTER(FLASH_R + 0x20u)
#define OPTR_TWO_BANKS (1u << 22)
#define OPTR_SECOND_FIRST                                                                              \
    (1u << 20) /* the chip may start from the second bank, then at bank 1's place */

#include "hal/stm32_pages.h"

_Static_assert(SBNN_FLASH_BYTES == 0x200000u,
               "the other option byte of a chip with 1 MB is not known here");
_Static_assert(PAGE_BYTES == 0x1000u || PAGE_BYTES == 0x2000u, "two banks, or one");

#define BANKS (PAGE_BYTES == 0x1000u ? 2u : 1u)
#define BANK_PAGES (SBNN_FLASH_BYTES / PAGE_BYTES / BANKS)
#define OPTR_WANTED (BANKS == 2u ? OPTR_TWO_BANKS : 0u)

static uint32_t caches; /* those that are on between changes */

static uint32_t choice_of(uint32_t address) {
    const uint32_t number = (address - SBNN_FLASH_ORIGIN) / PAGE_BYTES;
    if ((OPTR & (OPTR_TWO_BANKS | OPTR_SECOND_FIRST)) != OPTR_WANTED) {
        return 0;
    }
    return CR_PAGE(number % BANK_PAGES) | (number < BANK_PAGES ? 0u : CR_SECOND_BANK) | CR_PAGE_ERASE;
}

static void leave_caches(void) {
    caches = ACR & ACR_CACHES;
    ACR &= ~ACR_CACHES;
}

static void empty_caches(void) {
    ACR |= ACR_RESETS;
    ACR &= ~ACR_RESETS;
    ACR |= caches;
}
