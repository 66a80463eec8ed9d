/* The flash of an STM32G0B1 or G0C1 with 512 KB (ST RM0444): two banks of 2 KB pages, written in words
 * of 64 bits. The second bank's pages are numbered from 256 on. Where option bytes make one bank of
 * both, the sources disagree on how its second half is erased, so it is not; the same where the banks
 * have exchanged their places. */
#include "board.h"
#include "hal/register.h"

#define PAGE_BYTES 0x800u
#define BANK_PAGES (SBNN_FLASH_BYTES / PAGE_BYTES / 2u)
#define SECOND_BANK_PAGE 256u
#define WORD_BYTES 8u

#define FLASH_R 0x40022000u
#define ACR REGISTER(FLASH_R + 0x00u)
#define ACR_CACHE (1u << 9)
#define ACR_RESET (1u << 11) /* empties the cache; only while that is off */
#define KEYR REGISTER(FLASH_R + 0x08u)
#define SR_AT (FLASH_R + 0x10u)
#define SR REGISTER(SR_AT)
#define SR_BUSY (1u << 16 | 1u << 17) /* a bank each */
#define SR_SETTLES (1u << 18)
#define SR_ERRORS (1u << 1 | 1u << 3 | 1u << 4 | 1u << 5 | 1u << 6 | 1u << 7)
#define SR_CLEAR (SR_ERRORS | 1u << 0) /* writing 1 clears */
#define CR REGISTER(FLASH_R + 0x14u)
#define CR_PROGRAM (1u << 0)
#define CR_PAGE_ERASE (1u << 1)
#define CR_PAGE(n) ((n) << 3)
#define CR_SECOND_BANK (1u << 13)
#define CR_START (1u << 16)
#define CR_LOCK (1u << 31)
#define ECCRS 2u /* a bank each */
#define ECCR(bank) REGISTER(FLASH_R + 0x18u + 4u * (bank))
#define ECCR_TORN (1u << 31) /* two wrong bits in a word that was read */
#define OPTR REGISTER(FLASH_R + 0x20u)
#define OPTR_IN_ORDER (1u << 20)
#define OPTR_TWO_BANKS (1u << 21)

#include "hal/stm32_pages.h"

_Static_assert(SBNN_FLASH_BYTES == 0x80000u, "a chip with less has its second bank elsewhere");

static uint32_t cache; /* whether it is on between changes */

static uint32_t choice_of(uint32_t address) {
    const uint32_t number = (address - SBNN_FLASH_ORIGIN) / PAGE_BYTES;
    const uint32_t options = OPTR;
    if (!(options & OPTR_IN_ORDER) || (number >= BANK_PAGES && !(options & OPTR_TWO_BANKS))) {
        return 0;
    }
    return number < BANK_PAGES
               ? CR_PAGE_ERASE | CR_PAGE(number)
               : CR_PAGE_ERASE | CR_SECOND_BANK | CR_PAGE(SECOND_BANK_PAGE + number - BANK_PAGES);
}

static void leave_caches(void) {
    cache = ACR & ACR_CACHE;
    ACR &= ~ACR_CACHE;
}

static void empty_caches(void) {
    ACR |= ACR_RESET;
    ACR &= ~ACR_RESET;
    ACR |= cache;
}
