#include "helium.h"
#include "helium_gray.h"

/* Entries are 128 bytes apart, so bit b of the index moves r0 by 128 << b bytes. */
#define UP0 NEAR_UP("q0", "128")
#define DOWN0 NEAR_DOWN("q0", "128")
#define UP1 NEAR_UP("q1", "256")
#define DOWN1 NEAR_DOWN("q1", "256")
#define UP2 FAR_UP("q2", "512")
#define DOWN2 FAR_DOWN("q2", "512")
#define UP3 FAR_UP("q3", "1024")
#define DOWN3 FAR_DOWN("q3", "1024")
#define UP4 FAR_UP("q4", "2048")
#define DOWN4 FAR_DOWN("q4", "2048")

__attribute__((naked)) void sbnn_helium_fill5(__attribute__((unused)) uint8_t *table,
                                              __attribute__((unused)) const uint8_t *columns,
                                              __attribute__((unused)) uint32_t first) {
    __asm volatile(ENTER COLUMN("q0") COLUMN("q1") COLUMN("q2") COLUMN("q3") COLUMN("q4") /**/
                   STORE GRAY5 LEAVE);
}
