/* Lets stream_driver.c run on an emulated core: it reads the file `in` and writes the file `out` by
 * semihosting. The core has no sanitizers, so the memory around each buffer is marked, and the marks
 * are looked at when the buffer is released. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum { SYS_OPEN = 1, SYS_WRITE = 5, SYS_READ = 6, SYS_EXIT = 0x18 };
enum { OPEN_READ = 1, OPEN_WRITE = 5, EXITED = 0x20026, FAILED = 0x20023 };

#define GUARD 64u
#define MARK 0xA5
#define CPACR (*(volatile uint32_t *)0xE000ED88u)

void *marked_malloc(size_t bytes);
void marked_free(void *memory);
void marked_abort(void);
int main(void);
void start(void);

static uint8_t heap[1u << 20] __attribute__((aligned(8)));
static uint8_t stdio[1u << 14] __attribute__((aligned(8)));
static size_t used;
static size_t taken;
static int32_t in;
static int32_t out;

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

void marked_abort(void) {
    end(FAILED);
}

/* The size is before the first mark. Memory is used again when none is taken. */
void *marked_malloc(size_t bytes) {
    const size_t whole = ((bytes + 7u) & ~(size_t)7u) + 2u * GUARD + 8u;
    uint8_t *const memory = heap + used;
    if (whole > sizeof heap - used) {
        end(FAILED);
    }
    used += whole;
    taken++;
    memcpy(memory, &bytes, sizeof bytes);
    memset(memory + 8, MARK, whole - 8u);
    return memory + 8 + GUARD;
}

void marked_free(void *memory) {
    if (memory == NULL) {
        return;
    }
    const uint8_t *const from = memory;
    size_t bytes;
    memcpy(&bytes, from - GUARD - 8, sizeof bytes);
    for (size_t i = 0; i < GUARD; i++) {
        if (from[bytes + i] != MARK || *(from - 1 - i) != MARK) {
            end(FAILED);
        }
    }
    taken--;
    used = taken == 0u ? 0u : used;
}

static int32_t open_file(const char *name, uint32_t mode) {
    const uint32_t arguments[3] = {(uint32_t)name, mode, (uint32_t)strlen(name)};
    return call(SYS_OPEN, arguments);
}

/* Returns the bytes that were moved. */
static int transfer(int32_t operation, int32_t file, const void *memory, size_t bytes) {
    const uint32_t arguments[3] = {(uint32_t)file, (uint32_t)memory, bytes};
    return (int)(bytes - (size_t)call(operation, arguments));
}

_READ_WRITE_RETURN_TYPE _read(int file, void *memory, size_t bytes);
_READ_WRITE_RETURN_TYPE _read(int file, void *memory, size_t bytes) {
    (void)file;
    return transfer(SYS_READ, in, memory, bytes);
}

_READ_WRITE_RETURN_TYPE _write(int file, const void *memory, size_t bytes);
_READ_WRITE_RETURN_TYPE _write(int file, const void *memory, size_t bytes) {
    (void)file;
    return transfer(SYS_WRITE, out, memory, bytes);
}

/* What stdio takes for its buffers. */
void *_sbrk(ptrdiff_t bytes);
void *_sbrk(ptrdiff_t bytes) {
    static size_t grown;
    void *const memory = stdio + grown;
    grown += (size_t)bytes;
    return memory;
}

void start(void) {
    CPACR |= 0xFu << 20; /* the FPU */
    __asm volatile("dsb\nisb");
    in = open_file("in", OPEN_READ);
    out = open_file("out", OPEN_WRITE);
    main();
    end(EXITED);
}

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t stack;
    void (*reset)(void);
} vectors = {0x20400000u, start};
