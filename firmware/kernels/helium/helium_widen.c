#include "helium.h"
#include "helium_pair.h"

/* VMOVLB and VMOVLT widen the even and the odd bytes. */
static inline void add(uint16_t *wide, uint8x16_t counts) {
    vst1q_u16(wide, vaddq_u16(vld1q_u16(wide), vmovlbq_u8(counts)));
    vst1q_u16(wide + 8, vaddq_u16(vld1q_u16(wide + 8), vmovltq_u8(counts)));
}

void sbnn_helium_widen(uint8_t *sums, uint32_t n, uint32_t below, uint16_t *wide) {
    for (; n > 0u; n--) {
        add(wide, helium_low(sums));
        add(wide + 16, helium_whole(sums, below));
        vst1q_u8(sums, vdupq_n_u8(0));
        vst1q_u8(sums + 16, vdupq_n_u8(0));
        sums += 32;
        wide += 32;
    }
}
