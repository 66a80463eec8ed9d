#include "neon_a64.h"

/* A byte of K of each patch is loaded into all lanes of a vector and compared with that byte of 16
 * outputs at a time; no sum goes across a vector. The counts of a chunk stay in v16 to v31. */

#define LOAD4 "ld1 {v0.16b-v3.16b}, [%[w]], #64\n"
#define LOAD2 "ld1 {v0.16b-v1.16b}, [%[w]], #32\n"
#define LOAD1 "ld1 {v0.16b}, [%[w]], #16\n"
#define BYTE(x, at) "ld1r {v" x ".16b}, [" at "], #1\n"
#define XOR(t, x, w) "eor v" t ".16b, v" x ".16b, v" w ".16b\n"
#define CNT(t) "cnt v" t ".16b, v" t ".16b\n"
#define ADD(a, t) "add v" a ".16b, v" a ".16b, v" t ".16b\n"

/* Add the mismatches of a patch's byte x with four, two or one vectors of outputs to the counts. */
#define PATCH4(x, a, b, c, d, p, q, r, s)                                                              \
    XOR(p, x, "0")                                                                                     \
    XOR(q, x, "1")                                                                                     \
    XOR(r, x, "2") XOR(s, x, "3") CNT(p) CNT(q) CNT(r) CNT(s) ADD(a, p) ADD(b, q) ADD(c, r) ADD(d, s)
#define PATCH2(x, a, b, p, q) XOR(p, x, "0") XOR(q, x, "1") CNT(p) CNT(q) ADD(a, p) ADD(b, q)
#define PATCH1(x, a, p) XOR(p, x, "0") CNT(p) ADD(a, p)

/* The same for the first byte of a chunk, whose mismatches are the counts. */
#define FIRST4(x, a, b, c, d)                                                                          \
    XOR(a, x, "0") XOR(b, x, "1") XOR(c, x, "2") XOR(d, x, "3") CNT(a) CNT(b) CNT(c) CNT(d)
#define FIRST2(x, a, b) XOR(a, x, "0") XOR(b, x, "1") CNT(a) CNT(b)
#define FIRST1(x, a) XOR(a, x, "0") CNT(a)

#define TILE_LOAD BYTE("4", "x8") BYTE("5", "x9") BYTE("6", "x10") BYTE("7", "x11")
#define TILE4                                                                                          \
    LOAD4 TILE_LOAD PATCH4("4", "16", "17", "18", "19", "8", "9", "10", "11")                          \
        PATCH4("5", "20", "21", "22", "23", "12", "13", "14", "15")                                    \
            PATCH4("6", "24", "25", "26", "27", "8", "9", "10", "11")                                  \
                PATCH4("7", "28", "29", "30", "31", "12", "13", "14", "15")
#define TILE2                                                                                          \
    LOAD2 TILE_LOAD PATCH2("4", "16", "17", "8", "9") PATCH2("5", "18", "19", "10", "11")              \
        PATCH2("6", "20", "21", "12", "13") PATCH2("7", "22", "23", "14", "15")
#define TILE1                                                                                          \
    LOAD1 TILE_LOAD PATCH1("4", "16", "8") PATCH1("5", "17", "9") PATCH1("6", "18", "10")              \
        PATCH1("7", "19", "11")

#define TILE_FIRST4                                                                                    \
    LOAD4 TILE_LOAD FIRST4("4", "16", "17", "18", "19") FIRST4("5", "20", "21", "22", "23")            \
        FIRST4("6", "24", "25", "26", "27") FIRST4("7", "28", "29", "30", "31")
#define TILE_FIRST2                                                                                    \
    LOAD2 TILE_LOAD FIRST2("4", "16", "17") FIRST2("5", "18", "19") FIRST2("6", "20", "21")            \
        FIRST2("7", "22", "23")
#define TILE_FIRST1                                                                                    \
    LOAD1 TILE_LOAD FIRST1("4", "16") FIRST1("5", "17") FIRST1("6", "18") FIRST1("7", "19")

#define SINGLE4 LOAD4 BYTE("4", "x8") PATCH4("4", "16", "17", "18", "19", "8", "9", "10", "11")
#define SINGLE2 LOAD2 BYTE("4", "x8") PATCH2("4", "16", "17", "8", "9")
#define SINGLE1 LOAD1 BYTE("4", "x8") PATCH1("4", "16", "8")
#define SINGLE_FIRST4 LOAD4 BYTE("4", "x8") FIRST4("4", "16", "17", "18", "19")
#define SINGLE_FIRST2 LOAD2 BYTE("4", "x8") FIRST2("4", "16", "17")
#define SINGLE_FIRST1 LOAD1 BYTE("4", "x8") FIRST1("4", "16")

#define STORE4(a, d) "st1 {v" a ".16b-v" d ".16b}, [%[counts]], #64\n"

#define TILE_RUN                                                                                       \
    "ldp w12, w13, [%[runs]], #8\n"                                                                    \
    "add x8, %[row0], x12\n"                                                                           \
    "add x9, %[row1], x12\n"                                                                           \
    "add x10, %[row2], x12\n"                                                                          \
    "add x11, %[row3], x12\n"
#define SINGLE_RUN                                                                                     \
    "ldp w12, w13, [%[runs]], #8\n"                                                                    \
    "add x8, %[row0], x12\n"

/* The words of a run: each is a turn of the loop, or an odd one comes first and two are a turn. */
#define WORDS(byte)                                                                                    \
    byte byte byte byte "subs w12, w12, #1\n"                                                          \
                        "b.ne 3b\n"
#define PAIRS(byte)                                                                                    \
    "tbz w12, #0, 4f\n" byte byte byte byte "subs w12, w12, #1\n"                                      \
    "b.eq 5f\n"                                                                                        \
    "4:\n" byte byte byte byte byte byte byte byte "subs w12, w12, #2\n"                               \
    "b.ne 4b\n"

/* All chunks: for each run, count its words; store the counts. */
#define COUNT(run, first, byte, words, store)                                                          \
    __asm__ volatile(                                                                                  \
        "1:\n" run "and w12, w13, #0x7fffffff\n" first byte byte byte "subs w12, w12, #1\n"            \
        "b.ne 3f\n"                                                                                    \
        "tbnz w13, #31, 6f\n"                                                                          \
        "2:\n" run "and w12, w13, #0x7fffffff\n"                                                       \
        "3:\n" words(byte) "5:\n"                                                                      \
                           "tbz w13, #31, 2b\n"                                                        \
                           "6:\n" store "subs %w[chunks], %w[chunks], #1\n"                            \
                           "b.ne 1b\n"                                                                 \
        : [w] "+r"(w), [runs] "+r"(runs), [chunks] "+r"(chunks), [counts] "+r"(counts)                 \
        : [row0] "r"(rows[0]), [row1] "r"(rows[single ? 0 : 1]), [row2] "r"(rows[single ? 0 : 2]),     \
          [row3] "r"(rows[single ? 0 : 3])                                                             \
        : "memory", "cc", "x8", "x9", "x10", "x11", "x12", "x13", "v0", "v1", "v2", "v3", "v4", "v5",  \
          "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18",       \
          "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31")

void sbnn_a64_count(const uint8_t *const rows[A64_TILE], uint32_t single, uint32_t vectors,
                    const a64_run *runs, uint32_t chunks, const uint8_t *w, uint8_t *counts) {
    if (single) {
        switch (vectors) {
        case 4:
            COUNT(SINGLE_RUN, SINGLE_FIRST4, SINGLE4, WORDS, STORE4("16", "19"));
            break;
        case 2:
            COUNT(SINGLE_RUN, SINGLE_FIRST2, SINGLE2, WORDS,
                  "st1 {v16.16b-v17.16b}, [%[counts]], #32\n");
            break;
        default:
            COUNT(SINGLE_RUN, SINGLE_FIRST1, SINGLE1, WORDS, "st1 {v16.16b}, [%[counts]], #16\n");
        }
        return;
    }
    switch (vectors) {
    case 4:
        COUNT(TILE_RUN, TILE_FIRST4, TILE4, PAIRS,
              STORE4("16", "19") STORE4("20", "23") STORE4("24", "27") STORE4("28", "31"));
        break;
    case 2:
        COUNT(TILE_RUN, TILE_FIRST2, TILE2, WORDS, STORE4("16", "19") STORE4("20", "23"));
        break;
    default:
        COUNT(TILE_RUN, TILE_FIRST1, TILE1, WORDS, STORE4("16", "19"));
    }
}
