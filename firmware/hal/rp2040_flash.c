/* The flash beside an RP2040, a serial NOR flash that the core reads in place (RP2040 data sheet,
 * "Bootrom Contents", "Flash Access Functions"). Pages are erased by 4 KB and programmed by 256 bytes;
 * programming only clears bits, so that a block may be programmed in several parts. Meanwhile nothing
 * can be read from it: code, constants and vectors for that time are in RAM or ROM. */
#include <string.h>

#include "board.h"
#include "hal/cortex_m.h"
#include "hal/cpu.h"
#include "hal/flash.h"

#define BLOCK_BYTES 256u
#define BOOT2_WORDS 64u
/* Sectors are erased one by one; the ROM would use the command for a block of 64 KB only for more. */
#define LARGE_BYTES 0x10000u
#define LARGE_COMMAND 0xD8u

/* Where the ROM has the addresses of its table of functions and of the function that searches it. */
#define ROM_TABLE 0x14u
#define ROM_LOOKUP 0x18u
#define ROM_CODE(a, b) ((uint32_t)(a) | (uint32_t)(b) << 8)

typedef void *rom_lookup(const uint16_t *table, uint32_t code);

/* A change of flash; everything that it needs is in it, because it is in RAM. */
typedef struct {
    void (*connect)(void);
    void (*leave_read)(void);
    void (*erase)(uint32_t offset, uint32_t count, uint32_t large_bytes, uint32_t large_command);
    void (*program)(uint32_t offset, const uint8_t *bytes, uint32_t count);
    void (*empty_cache)(void);
    void (*enter_read)(void); /* a copy of boot2 */
    uint32_t offset;
    const uint8_t *block; /* NULL: erase the page */
} change;

const bool flash_lets_interrupts_in = false;

const uint8_t *flash_at(uint32_t address) {
    return (const uint8_t *)(uintptr_t)address;
}

__attribute__((noinline, long_call, section(".in_ram"))) static void carry_out(const change *it) {
    it->connect();
    it->leave_read();
    if (it->block == NULL) {
        it->erase(it->offset, SBNN_FLASH_PAGE_BYTES, LARGE_BYTES, LARGE_COMMAND);
    } else {
        it->program(it->offset, it->block, BLOCK_BYTES);
    }
    it->empty_cache();
    it->enter_read();
}

static uintptr_t rom_address(uint32_t place) {
    __asm("" : "+r"(place)); /* the compiler takes an address so near 0 for a mistake */
    return *(const volatile uint16_t *)(uintptr_t)place;
}

static void *rom_function(uint32_t code) {
    rom_lookup *const lookup = (rom_lookup *)rom_address(ROM_LOOKUP);
    return lookup((const uint16_t *)rom_address(ROM_TABLE), code);
}

static void apply(uint32_t address, const uint8_t *block) {
    uint32_t boot2[BOOT2_WORDS];
    memcpy(boot2, flash_at(SBNN_FLASH_ORIGIN), sizeof boot2);
    const change it = {
        .connect = rom_function(ROM_CODE('I', 'F')),
        .leave_read = rom_function(ROM_CODE('E', 'X')),
        .erase = rom_function(ROM_CODE('R', 'E')),
        .program = rom_function(ROM_CODE('R', 'P')),
        .empty_cache = rom_function(ROM_CODE('F', 'C')),
        .enter_read = (void (*)(void))((uintptr_t)boot2 | 1u),
        .offset = address - SBNN_FLASH_ORIGIN,
        .block = block,
    };
    const uint32_t state = cpu_mask();
    cortex_m_barrier();
    carry_out(&it);
    cpu_unmask(state);
}

bool flash_erase(uint32_t address) {
    const uint32_t *const words = (const uint32_t *)(uintptr_t)address;
    apply(address, NULL);
    bool done = true;
    for (uint32_t i = 0; i < SBNN_FLASH_PAGE_BYTES / 4u && done; i++) {
        done = words[i] == 0xFFFFFFFFu;
    }
    return done;
}

bool flash_write(uint32_t address, const uint8_t *bytes, uint32_t count) {
    const uint32_t end = address + count;
    for (uint32_t at = address - address % BLOCK_BYTES; at < end; at += BLOCK_BYTES) {
        uint8_t block[BLOCK_BYTES];
        memset(block, 0xFF, sizeof block);
        for (uint32_t i = 0; i < BLOCK_BYTES; i++) {
            if (at + i >= address && at + i < end) {
                block[i] = bytes[at + i - address];
            }
        }
        apply(at, block);
    }
    return memcmp(flash_at(address), bytes, count) == 0;
}
