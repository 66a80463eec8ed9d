/* What a core waits for while it reads its flash: the buffers and caches between the two, read by read.
 *
 * The parts of a memory, all of which a chip may lack:
 *   - one read of the flash brings `1 << read_shift` aligned bytes, and the core waits `wait` cycles
 * for it;
 *   - a cache for code and one for data, or one for both, in which the line that was not used for the
 *     longest time is replaced. A line may be longer than a read; then only its parts that were read
 * are valid;
 *   - without a cache for code the bytes of the last read are kept, without one for data nothing is;
 *   - with `prefetch` the read of the next bytes of code begins by itself when the core enters a read's
 * bytes. The core then waits only for what is left of it.
 *
 * Time only matters for `prefetch`. It is counted in cycles as on a core that does one instruction at a
 * time: one for each instruction, one more for a jump, for a load that does not follow a load directly,
 * and for each further word of a load, and all waits. */
#ifndef MEMORY_MODEL_H
#define MEMORY_MODEL_H

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define NO_LINE UINT64_MAX

struct memory_cache {
    unsigned line_shift;
    size_t sets;
    size_t ways;
    uint64_t clock;
    struct memory_line {
        uint64_t number;
        uint64_t used;  /* the clock at the last use */
        uint64_t parts; /* a bit for each read of the line that was made */
    } *lines;
};

struct memory {
    unsigned wait;
    unsigned read_shift;
    bool prefetch;
    uint64_t free_start; /* data from here on ... */
    uint64_t free_end;   /* ... up to here are in a memory without waits */
    struct memory_cache *code;
    struct memory_cache *data;
    uint64_t now;
    uint64_t follows; /* the address after the last instruction */
    bool loads;       /* whether this instruction has loaded something, and the one before it */
    bool loaded;
    uint64_t entered; /* the number of the read whose bytes of code the core is in */
    uint64_t next;    /* that of the prefetch, and when it is done */
    uint64_t ready;
    uint64_t code_waits; /* sums, in cycles */
    uint64_t data_waits;
    uint64_t code_reads; /* reads of the flash that the core waited for, or whose prefetch it used */
    uint64_t data_reads;
};

static inline unsigned memory_shift(uint64_t bytes) {
    unsigned shift = 0;
    while (1ull << shift < bytes) {
        shift++;
    }
    return shift;
}

/* Returns NULL for a cache of 0 bytes. */
static inline struct memory_cache *memory_cache_new(size_t bytes, size_t line_bytes, size_t ways) {
    if (bytes == 0) {
        return NULL;
    }
    struct memory_cache *const cache = calloc(1, sizeof *cache);
    const size_t lines = bytes / line_bytes;
    if (cache == NULL || (cache->lines = calloc(lines, sizeof *cache->lines)) == NULL) {
        abort();
    }
    cache->line_shift = memory_shift(line_bytes);
    cache->ways = ways;
    cache->sets = lines / ways;
    for (size_t i = 0; i < lines; i++) {
        cache->lines[i].number = NO_LINE;
    }
    return cache;
}

/* Reads `1 << read_shift` bytes through a cache; returns whether it had them. It has them afterwards.
 */
static inline bool memory_cache_read(struct memory_cache *cache, uint64_t address,
                                     unsigned read_shift) {
    const uint64_t number = address >> cache->line_shift;
    const unsigned part = (unsigned)((address & ((1ull << cache->line_shift) - 1)) >> read_shift) % 64u;
    struct memory_line *const set = cache->lines + number % cache->sets * cache->ways;
    struct memory_line *oldest = set;
    cache->clock++;
    for (size_t way = 0; way < cache->ways; way++) {
        struct memory_line *const line = set + way;
        if (line->number == number) {
            const bool had = (line->parts >> part & 1) != 0;
            line->parts |= 1ull << part;
            line->used = cache->clock;
            return had;
        }
        if (line->used < oldest->used) {
            oldest = line;
        }
    }
    *oldest = (struct memory_line){.number = number, .used = cache->clock, .parts = 1ull << part};
    return false;
}

/* Makes a memory from a text of numbers in this order, with a colon after each but the last: wait,
 * bytes of a read, prefetch, start and end of the data without waits, bytes, bytes of a line and ways
 * of the cache for code, the same for data, and whether the first one is for both. Returns NULL if the
 * text is not like that. */
static inline struct memory *memory_new(const char *text) {
    struct memory *const made = calloc(1, sizeof *made);
    unsigned prefetch = 0;
    unsigned shared = 0;
    size_t read = 0;
    size_t code[3];
    size_t data[3];
    if (made == NULL) {
        abort();
    }
    if (sscanf(text, "%u:%zu:%u:%" SCNu64 ":%" SCNu64 ":%zu:%zu:%zu:%zu:%zu:%zu:%u", &made->wait, &read,
               &prefetch, &made->free_start, &made->free_end, &code[0], &code[1], &code[2], &data[0],
               &data[1], &data[2], &shared) != 12) {
        free(made);
        return NULL;
    }
    made->read_shift = memory_shift(read);
    made->prefetch = prefetch != 0;
    made->code = memory_cache_new(code[0], code[1], code[2]);
    made->data = shared != 0 ? made->code : memory_cache_new(data[0], data[1], data[2]);
    made->entered = NO_LINE;
    made->next = NO_LINE;
    return made;
}

static inline void memory_enter(struct memory *memory, uint64_t number) {
    memory->entered = number;
    if (memory->code == NULL ||
        !memory_cache_read(memory->code, number << memory->read_shift, memory->read_shift)) {
        uint64_t wait = memory->wait;
        if (memory->prefetch && number == memory->next) {
            wait = memory->ready > memory->now ? memory->ready - memory->now : 0;
        }
        memory->now += wait;
        memory->code_waits += wait;
        memory->code_reads++;
    }
    memory->next = number + 1;
    memory->ready = memory->now + memory->wait + 1;
}

/* An instruction of the flash. */
static inline void memory_instruction(struct memory *memory, uint64_t address, size_t size) {
    const uint64_t last = (address + size - 1) >> memory->read_shift;
    memory->now += address == memory->follows ? 1 : 2;
    memory->follows = address + size;
    memory->loaded = memory->loads;
    memory->loads = false;
    for (uint64_t number = address >> memory->read_shift; number <= last; number++) {
        if (number != memory->entered) {
            memory_enter(memory, number);
        }
    }
}

/* The time that any load takes in addition to its instruction. */
static inline void memory_load_time(struct memory *memory) {
    memory->now += memory->loads || !memory->loaded ? 1 : 0;
    memory->loads = true;
}

/* A load from the flash. Without a cache each of its words is a read. */
static inline void memory_load(struct memory *memory, uint64_t address, size_t size) {
    if (address >= memory->free_start && address < memory->free_end) {
        return;
    }
    const unsigned shift = memory->data == NULL ? 2 : memory->read_shift;
    const uint64_t last = (address + size - 1) >> shift;
    for (uint64_t number = address >> shift; number <= last; number++) {
        if (memory->data == NULL || !memory_cache_read(memory->data, number << shift, shift)) {
            memory->now += memory->wait;
            memory->data_waits += memory->wait;
            memory->data_reads++;
        }
    }
}

#endif
