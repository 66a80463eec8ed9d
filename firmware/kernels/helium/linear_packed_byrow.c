#include "byrow.h"
#include "linear_byrow.h"

#include <arm_mve.h>
#include <string.h>

/* Store limits as bytes, or as halfwords; outputs that do not exist have 0, so that their bits are 0.
 */
static void narrow(const byrow_panel *panel, const int32_t *limit, uint32_t outputs) {
    const int is_wide = byrow_is_wide(panel);
    memset(panel->limits, 0, (is_wide ? 2u : 1u) * BYROW_GROUP * panel->groups);
    if (is_wide) {
        uint16_t *to = panel->limits;
        __asm volatile("dlstp.32 lr, %[left]\n"
                       "1:\n"
                       "vldrw.u32 q0, [%[from]], #16\n"
                       "vstrh.32 q0, [%[to]], #8\n"
                       "letp lr, 1b\n"
                       : [from] "+r"(limit), [to] "+l"(to)
                       : [left] "r"(outputs)
                       : "lr", "memory", "q0");
    } else {
        uint8_t *to = panel->limits;
        __asm volatile("dlstp.32 lr, %[left]\n"
                       "1:\n"
                       "vldrw.u32 q0, [%[from]], #16\n"
                       "vstrb.32 q0, [%[to]], #4\n"
                       "letp lr, 1b\n"
                       : [from] "+r"(limit), [to] "+l"(to)
                       : [left] "r"(outputs)
                       : "lr", "memory", "q0");
    }
}

/* The predicate of a comparison has a bit for each byte. */
static void bits(const byrow_panel *panel, uint16_t *y) {
    const uint8_t *counts = panel->bytes;
    const uint8_t *limits = panel->limits;
    uint32_t found;
    __asm volatile("dls lr, %[groups]\n"
                   "1:\n"
                   "vldrb.u8 q0, [%[counts]], #16\n"
                   "vldrb.u8 q1, [%[limits]], #16\n"
                   "vcmp.u8 hi, q1, q0\n"
                   "vmrs %[found], p0\n"
                   "strh %[found], [%[y]], #2\n"
                   "le lr, 1b\n"
                   : [found] "=&r"(found), [counts] "+&r"(counts), [limits] "+&r"(limits), [y] "+&r"(y)
                   : [groups] "r"(panel->groups)
                   : "lr", "memory", "q0", "q1");
}

/* The same of halfwords: VLD2 separates the even and the odd outputs, and VQMOVN puts the odd ones of
 * (count - limit), with their signs, between the even ones. */
static void bits_wide(const byrow_panel *panel, uint16_t *y) {
    const uint16_t *counts = panel->halves;
    const uint16_t *limits = panel->limits;
    uint32_t found;
    __asm volatile("dls lr, %[groups]\n"
                   "1:\n"
                   "vld20.16 {q0, q1}, [%[counts]]\n"
                   "vld21.16 {q0, q1}, [%[counts]]!\n"
                   "vld20.16 {q2, q3}, [%[limits]]\n"
                   "vld21.16 {q2, q3}, [%[limits]]!\n"
                   "vhsub.u16 q0, q0, q2\n"
                   "vhsub.u16 q1, q1, q3\n"
                   "vqmovnb.s16 q0, q0\n"
                   "vqmovnt.s16 q0, q1\n"
                   "vcmp.s8 lt, q0, zr\n"
                   "vmrs %[found], p0\n"
                   "strh %[found], [%[y]], #2\n"
                   "le lr, 1b\n"
                   : [found] "=&r"(found), [counts] "+&r"(counts), [limits] "+&r"(limits), [y] "+&r"(y)
                   : [groups] "r"(panel->groups)
                   : "lr", "memory", "q0", "q1", "q2", "q3");
}

void sbnn_linear_packed_byrow(uint32_t stored, uint32_t m, uint32_t n, uint32_t k, const uint32_t *x,
                              const uint32_t *w, const int32_t *limit, void *workspace, uint32_t *y) {
    const uint32_t words = (k + 31u) / 32u;
    const uint32_t halves = (n + 31u) / 32u * 2u;
    uint16_t *const all = (uint16_t *)(void *)y;
    for (uint32_t first = 0; first < n;) {
        const uint32_t outputs = byrow_outputs(stored, n - first);
        const byrow_panel panel = sbnn_byrow_panel(stored, k, w, first, outputs, workspace);
        narrow(&panel, limit + first, outputs);
        const uint32_t *row = x;
        uint16_t *to = all + first / 16u;
        for (uint32_t left = m; left > 0u; left--) {
            sbnn_byrow_count(&panel, row);
            if (byrow_is_wide(&panel)) {
                bits_wide(&panel, to);
            } else {
                bits(&panel, to);
            }
            row += words;
            to += halves;
        }
        first += outputs;
    }
    if ((n + 15u) / 16u < halves) {
        for (uint32_t row = 1; row <= m; row++) {
            all[row * halves - 1u] = 0;
        }
    }
}
