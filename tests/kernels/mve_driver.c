/* Runs the kernels of linear_mve.h and linear_byrow.h on an emulated Cortex-M55, on buffers between
 * marked bytes, which must stay as they are: the core has no sanitizers.
 *
 * Reads the file `in` by semihosting, a sequence of cases: the function (0 values, 1 bits, 2 bytes, 3
 * pack, 4 map, 5 count, 6 move, 7 bits and 8 floats row by row), its numbers, then of its five reads
 * (x, w, the scales, none, the residual; of pack x and the threshold; of map queries, keys, table and
 * ratio; row by row x, w, limits or scales, biases and the residual) and the workspace and the output
 * each the bytes; -1 for NULL, -2 for an output that is the residual. Then the contents of what is
 * read, in whole words. Writes the file `out`: of each case the instructions that it took, and the
 * output, in whole words. */
#include "linear_byrow.h"
#include "linear_mve.h"

#include <stdint.h>
#include <string.h>

enum {
    VALUES,
    BITS,
    BYTES,
    PACK,
    MAP,
    COUNT,
    MOVE,
    ROW_BITS,
    ROW_FLOATS,
    NUMBERS = 17,
    READS = 5,
    WORKSPACE = READS,
    OUTPUT
};
enum { SYS_OPEN = 1, SYS_WRITE = 5, SYS_READ = 6, SYS_EXIT = 0x18 };
enum { OPEN_READ = 1, OPEN_WRITE = 5, EXITED = 0x20026, FAILED = 0x20023 };

#define GUARD 64u
#define MARK 0xA5

#define REGISTER(address) (*(volatile uint32_t *)(address))
#define SYST_CSR REGISTER(0xE000E010u)
#define SYST_RVR REGISTER(0xE000E014u)
#define SYST_CVR REGISTER(0xE000E018u)
#define CPACR REGISTER(0xE000ED88u)
#define TICKS 0xFFFFFFu

static uint8_t heap[450000] __attribute__((aligned(8)));
static uint8_t *next;

static int32_t call(int32_t operation, const void *arguments) {
    register int32_t r0 __asm("r0") = operation;
    register const void *r1 __asm("r1") = arguments;
    __asm volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void end(uint32_t reason) {
    call(SYS_EXIT, (const void *)reason); /* NOLINT: the reason is passed as it is */
    for (;;) {
    }
}

static int32_t open(const char *name, uint32_t mode) {
    const uint32_t arguments[3] = {(uint32_t)name, mode, (uint32_t)strlen(name)};
    return call(SYS_OPEN, arguments);
}

/* Returns the bytes that are missing. */
static uint32_t transfer(int32_t operation, int32_t file, const void *memory, uint32_t bytes) {
    const uint32_t arguments[3] = {(uint32_t)file, (uint32_t)memory, bytes};
    return (uint32_t)call(operation, arguments);
}

static uint32_t padded(int32_t bytes) {
    return ((uint32_t)bytes + 7u) & ~7u;
}

/* A buffer of that many bytes, with marks before it and directly after it. */
static uint8_t *take(int32_t bytes) {
    uint8_t *const memory = next + GUARD;
    next = memory + padded(bytes) + GUARD;
    if (next > heap + sizeof heap) {
        end(FAILED);
    }
    return memory;
}

static void check(const uint8_t *memory, int32_t bytes) {
    for (uint32_t i = 1; i <= GUARD; i++) {
        if (memory[-(int32_t)i] != MARK || memory[(uint32_t)bytes + i - 1u] != MARK) {
            end(FAILED);
        }
    }
}

#define GRID u[0], u[1], u[2], u[3], u[4], u[5], u[6], u[7], i[8], i[9], u[10]

static void run(int32_t function, const int32_t *i, uint8_t *const *read, void *workspace, void *y) {
    uint32_t u[NUMBERS];
    memcpy(u, i, sizeof u);
    const void *const x = read[0];
    const void *const w = read[1];
    const void *const scales = read[2];
    const void *const ratio = read[3];
    const void *const residual = read[4];
    if (function == VALUES) {
        sbnn_mve_values(GRID, u[11], u[12], u[13], u[14], i[15], x, w, scales, residual, workspace, y);
    } else if (function == BITS) {
        sbnn_mve_bits(GRID, u[11], u[12], u[13], u[14], i[15], x, w, scales, residual, workspace, y);
    } else if (function == BYTES) {
        sbnn_mve_bytes(GRID, u[11], u[12], u[13], u[14], u[15], i[16], x, w, scales, residual,
                       workspace, y);
    } else if (function == MAP) {
        sbnn_mve_scores_map(u[0], u[1], u[2], u[3], x, w, scales, ratio, workspace, y);
    } else if (function == COUNT) {
        sbnn_mve_token_count(u[0], u[1], x, y);
    } else if (function == MOVE) {
        sbnn_mve_move(u[0], x, y);
    } else if (function == ROW_BITS) {
        sbnn_linear_packed_byrow(u[0], u[1], u[2], u[3], x, w, scales, workspace, y);
    } else if (function == ROW_FLOATS) {
        sbnn_linear_float_byrow(u[0], u[1], u[2], u[3], x, w, scales, ratio, residual, workspace, y);
    } else {
        sbnn_mve_pack(u[0], u[1], x, w, y);
    }
}

__attribute__((used)) void start(void);
__attribute__((used)) void start(void) {
    /* Switch the FPU and Helium on. */
    CPACR |= 0xFu << 20;
    __asm volatile("dsb\nisb");
    SYST_RVR = TICKS;
    SYST_CSR = 5;
    const int32_t in = open("in", OPEN_READ);
    const int32_t out = open("out", OPEN_WRITE);
    for (;;) {
        int32_t head[1 + NUMBERS + OUTPUT + 1];
        if (transfer(SYS_READ, in, head, sizeof head) != 0u) {
            end(EXITED);
        }
        const int32_t *const bytes = head + 1 + NUMBERS;
        uint8_t *read[READS];
        memset(heap, MARK, sizeof heap);
        next = heap;
        for (uint32_t place = 0; place < READS; place++) {
            read[place] = bytes[place] < 0 ? 0 : take(bytes[place]);
            if (read[place] && transfer(SYS_READ, in, read[place], (uint32_t)bytes[place]) != 0u) {
                end(FAILED);
            }
        }
        uint8_t *const workspace = take(bytes[WORKSPACE]);
        const int is_same = bytes[OUTPUT] == -2;
        const int32_t size = bytes[is_same ? READS - 1 : OUTPUT];
        uint8_t *const y = is_same ? read[READS - 1] : take(size);
        SYST_CVR = 0;
        run(head[0], head + 1, read, workspace, y);
        const uint32_t ticks = TICKS - SYST_CVR;
        for (uint32_t place = 0; place < READS; place++) {
            if (read[place]) {
                check(read[place], bytes[place]);
            }
        }
        check(workspace, bytes[WORKSPACE]);
        check(y, size);
        transfer(SYS_WRITE, out, &ticks, sizeof ticks);
        transfer(SYS_WRITE, out, y, (uint32_t)size);
    }
}

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t stack;
    void (*reset)(void);
} vectors = {0x30080000u, start};
