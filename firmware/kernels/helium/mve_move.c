#include "linear_mve.h"

/* A loop with tail predication: the last vector may have fewer bytes, and none are no turn. */
void sbnn_mve_move(uint32_t bytes, const void *x, void *y) {
    __asm volatile("wlstp.8 lr, %[bytes], 2f\n"
                   "1:\n"
                   "vldrb.u8 q0, [%[x]], #16\n"
                   "vstrb.8 q0, [%[y]], #16\n"
                   "letp lr, 1b\n"
                   "2:\n"
                   : [x] "+&r"(x), [y] "+&r"(y)
                   : [bytes] "r"(bytes)
                   : "lr", "memory", "q0");
}
