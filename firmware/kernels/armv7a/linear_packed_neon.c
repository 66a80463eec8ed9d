#include "linear_neon.h"
#include "neon_bits.h"
#include "neon_tile.h"

/* The part of a layer that one panel computes. */
typedef struct {
    const uint8_t *panel;
    const uint16_t *limit; /* [NEON_PANEL]; 0 for lanes without an output, so that their bits are 0 */
    const uint32_t *x;
    uint32_t *y;
    uint32_t m;
    uint32_t words;     /* per row of x */
    uint32_t words_out; /* per row of y */
    uint32_t used;      /* words per row of y that this panel's outputs fill: 1 or 2 */
} job;

/* For k up to NEON_BYTE_BITS: all counts fit bytes and never leave the registers. */
static void narrow(const job *job) {
    uint8_t limit[NEON_PANEL];
    for (uint32_t j = 0; j < NEON_PANEL; j += 8u) {
        vst1_u8(limit + j, vmovn_u16(vld1q_u16(job->limit + j)));
    }
    for (uint32_t row = 0; row < job->m; row += NEON_ROWS) {
        const uint32_t rows = job->m - row < NEON_ROWS ? job->m - row : NEON_ROWS;
        const neon_rows all = neon_rows_at(job->x + row * job->words, job->words, rows);
        for (uint32_t lane = 0; lane < NEON_PANEL; lane += 16u * NEON_WIDTH) {
            const neon_tile tile = neon_count(&all, job->panel + lane, 0, job->words);
            NEON_UNROLL
            for (uint32_t c = 0; c < NEON_WIDTH; c += 2u) {
                const uint32_t word = (lane + 16u * c) / 32u;
                const uint8x16_t low = vld1q_u8(limit + lane + 16u * c);
                const uint8x16_t high = vld1q_u8(limit + lane + 16u * c + 16u);
                NEON_UNROLL
                for (uint32_t t = 0; t < NEON_ROWS; t++) {
                    if (t < rows && word < job->used) {
                        job->y[(row + t) * job->words_out + word] =
                            neon_bits(vcltq_u8(tile.of[t][c], low), vcltq_u8(tile.of[t][c + 1u], high));
                    }
                }
            }
        }
    }
}

/* A mask of 16 lanes: 255 where the count is below the limit. */
static uint8x16_t below(const uint16_t *count, const uint16_t *limit) {
    return vcombine_u8(vmovn_u16(vcltq_u16(vld1q_u16(count), vld1q_u16(limit))),
                       vmovn_u16(vcltq_u16(vld1q_u16(count + 8), vld1q_u16(limit + 8))));
}

/* For larger k: halfword counts in memory. */
static void wide(const job *job) {
    for (uint32_t row = 0; row < job->m; row += NEON_ROWS) {
        const uint32_t rows = job->m - row < NEON_ROWS ? job->m - row : NEON_ROWS;
        uint16_t counts[NEON_ROWS][NEON_PANEL];
        sbnn_neon_count(job->x + row * job->words, rows, job->panel, job->words, counts[0]);
        for (uint32_t t = 0; t < rows; t++) {
            for (uint32_t word = 0; word < job->used; word++) {
                const uint16_t *const count = counts[t] + 32u * word;
                const uint16_t *const limit = job->limit + 32u * word;
                job->y[(row + t) * job->words_out + word] =
                    neon_bits(below(count, limit), below(count + 16, limit + 16));
            }
        }
    }
}

void sbnn_linear_packed_neon(uint32_t panels, uint32_t m, uint32_t n, uint32_t k, const uint32_t *x,
                             const uint32_t *w, const int32_t *limit, void *workspace, uint32_t *y) {
    const uint32_t words = (k + 31u) / 32u;
    const uint32_t words_out = (n + 31u) / 32u;
    for (uint32_t first = 0; first < n; first += NEON_PANEL) {
        const uint32_t outputs = n - first < NEON_PANEL ? n - first : NEON_PANEL;
        uint16_t limits[NEON_PANEL] = {0};
        uint32_t j = 0;
        for (; j + 4u <= outputs; j += 4u) {
            vst1_u16(limits + j, vmovn_u32(vreinterpretq_u32_s32(vld1q_s32(limit + first + j))));
        }
        for (; j < outputs; j++) {
            limits[j] = (uint16_t)limit[first + j];
        }
        const job job = {neon_panel(panels, w + first * words, outputs, words, workspace),
                         limits,
                         x,
                         y + first / 32u,
                         m,
                         words,
                         words_out,
                         (outputs + 31u) / 32u};
        if (k <= NEON_BYTE_BITS) {
            narrow(&job);
        } else {
            wide(&job);
        }
    }
}
