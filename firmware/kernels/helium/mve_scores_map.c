#include "linear_mve.h"
#include "mve.h"

#define KEYS 16u /* the keys of a group, whose bits are a halfword */

/* What a row of a head's map needs. */
typedef struct {
    const uint32_t *keys; /* in the order of lay_out */
    const uint16_t *table;
    uint32_t words;
    uint32_t groups;
    uint32_t pads;     /* keys of the last group that do not exist */
    uint16_t *entries; /* of each group, those of the even keys before those of the odd ones */
} head;

/* Of each group, of each word, vector v has keys v, v + 4, v + 8 and v + 12; missing keys are zeros. */
static void lay_out(const uint32_t *keys, uint32_t n, uint32_t words, uint32_t *to) {
    for (uint32_t first = 0; first < n; first += KEYS) {
        for (uint32_t word = 0; word < words; word++) {
            for (uint32_t i = 0; i < KEYS; i++) {
                const uint32_t key = first + i;
                to[i % 4u * 4u + i / 4u] = key < n ? keys[key * words + word] : 0u;
            }
            to += KEYS;
        }
    }
}

/* Store all entries of a row, and return their sum. The ones of a word's bytes, of four keys each, are
 * in q1 to q4; the four bytes of a key together fit a byte, and VSRI puts those of 16 keys side by
 * side. */
static uint32_t total_of(const head *now, const uint32_t *query) {
    const uint32_t *keys = now->keys;
    const uint32_t *more = query;
    uint16_t *entries = now->entries;
    uint32_t total = 0;
    uint32_t left;
    uint32_t word;
    __asm volatile("dls lr, %[groups]\n"
                   "1:\n"
                   "ldr %[word], [%[query]]\n"
                   "vldmia %[keys]!, {d8-d15}\n"
                   "vdup.32 q0, %[word]\n"
                   "veor q4, q4, q0\n"
                   "veor q5, q5, q0\n"
                   "veor q6, q6, q0\n"
                   "veor q7, q7, q0\n"
                   "vldrb.u8 q1, [%[ones], q4]\n"
                   "vldrb.u8 q2, [%[ones], q5]\n"
                   "vldrb.u8 q3, [%[ones], q6]\n"
                   "vldrb.u8 q4, [%[ones], q7]\n"
                   "subs %[left], %[words], #1\n"
                   "beq 3f\n"
                   "mov %[more], %[query]\n"
                   "2:\n"
                   "ldr %[word], [%[more], #4]!\n"
                   "vdup.32 q0, %[word]\n"
                   "vldmia %[keys]!, {d10-d13}\n"
                   "veor q5, q5, q0\n"
                   "veor q6, q6, q0\n"
                   "vldrb.u8 q7, [%[ones], q5]\n"
                   "vldrb.u8 q5, [%[ones], q6]\n"
                   "vadd.i8 q1, q1, q7\n"
                   "vadd.i8 q2, q2, q5\n"
                   "vldmia %[keys]!, {d10-d13}\n"
                   "veor q5, q5, q0\n"
                   "veor q6, q6, q0\n"
                   "vldrb.u8 q7, [%[ones], q5]\n"
                   "vldrb.u8 q5, [%[ones], q6]\n"
                   "vadd.i8 q3, q3, q7\n"
                   "vadd.i8 q4, q4, q5\n"
                   "subs %[left], %[left], #1\n"
                   "bne 2b\n"
                   "3:\n"
                   "vmul.i32 q1, q1, %[factor]\n"
                   "vmul.i32 q2, q2, %[factor]\n"
                   "vmul.i32 q3, q3, %[factor]\n"
                   "vmul.i32 q4, q4, %[factor]\n"
                   "vsri.32 q2, q1, #8\n"
                   "vsri.32 q3, q2, #8\n"
                   "vsri.32 q4, q3, #8\n"
                   "vmovlb.u8 q0, q4\n"
                   "vmovlt.u8 q1, q4\n"
                   "vldrh.u16 q2, [%[table], q0, uxtw #1]\n"
                   "vldrh.u16 q3, [%[table], q1, uxtw #1]\n"
                   "vaddva.u16 %[total], q2\n"
                   "vaddva.u16 %[total], q3\n"
                   "vstmia %[entries]!, {d4-d7}\n"
                   "le lr, 1b\n"
                   : [keys] "+&r"(keys), [more] "+&r"(more), [entries] "+&r"(entries),
                     [left] "=&r"(left), [word] "=&r"(word), [total] "+&Te"(total)
                   : [groups] "r"(now->groups), [query] "r"(query), [ones] "r"(sbnn_mve_ones),
                     [words] "r"(now->words), [factor] "r"(0x01010101), [table] "r"(now->table)
                   : "cc", "lr", "memory", "q0", "q1", "q2", "q3", "q4", "q5", "q6", "q7");
    /* All keys that do not exist have the entry of the last one. */
    return now->pads ? total - now->pads * entries[-1] : total;
}

/* ratio * total / 65536, rounded up. */
static int32_t limit_of(int32_t ratio, int32_t total) {
    const uint32_t low = (uint32_t)ratio * ((uint32_t)total & 0xFFFFu);
    return ratio * (total >> 16) + (int32_t)((low + 0xFFFFu) >> 16);
}

/* Write the bits of all groups: which entries are above `below`. What remains of an entry narrows to a
 * byte that is 0 if nothing does; the bytes of the odd keys go between those of the even ones. */
static uint16_t *above(const head *now, uint32_t below, uint16_t *to) {
    const uint16_t *entries = now->entries;
    uint32_t bits;
    __asm volatile("dls lr, %[groups]\n"
                   "1:\n"
                   "vldmia %[entries]!, {d0-d3}\n"
                   "vqsub.u16 q0, q0, %[below]\n"
                   "vqsub.u16 q1, q1, %[below]\n"
                   "vqmovnb.u16 q0, q0\n"
                   "vqmovnt.u16 q0, q1\n"
                   "vcmp.i8 ne, q0, zr\n"
                   "vmrs %[bits], p0\n"
                   "strh %[bits], [%[to]], #2\n"
                   "le lr, 1b\n"
                   : [entries] "+&r"(entries), [bits] "=&r"(bits), [to] "+&r"(to)
                   : [groups] "r"(now->groups), [below] "r"(below)
                   : "lr", "memory", "q0", "q1");
    return to;
}

/* Write the bits of a row: which entries are at least `limit`. None is above 65535. */
static uint16_t *reached(const head *now, int32_t limit, uint16_t *to) {
    if (limit > 0) {
        return above(now, limit > UINT16_MAX ? UINT16_MAX : (uint32_t)limit - 1u, to);
    }
    for (uint32_t group = 0; group < now->groups; group++) {
        *to++ = UINT16_MAX;
    }
    return to;
}

void sbnn_mve_scores_map(uint32_t heads, uint32_t m, uint32_t n, uint32_t k, const uint32_t *queries,
                         const uint32_t *keys, const uint16_t *table, const int32_t *ratio,
                         void *workspace, uint32_t *y) {
    const uint32_t words = (k + 31u) / 32u;
    const uint32_t groups = (n + KEYS - 1u) / KEYS;
    uint32_t *const copy = workspace;
    uint16_t *const entries = (uint16_t *)(void *)(copy + groups * KEYS * words);
    uint16_t *to = (uint16_t *)(void *)y;
    head now = {copy, table, words, groups, groups * KEYS - n, entries};
    for (; heads > 0u; heads--) {
        lay_out(keys, n, words, copy);
        for (uint32_t row = m; row > 0u; row--) {
            const uint32_t total = total_of(&now, queries);
            to = reached(&now, limit_of(*ratio, (int32_t)total), to);
            to[-1] &= (uint16_t)(0xFFFFu >> now.pads);
            if (groups % 2u) {
                *to++ = 0;
            }
            queries += words;
        }
        keys += n * words;
        ratio++;
        now.table += k + 1u;
    }
}
