#include "helium.h"
#include "helium_gray.h"

/* Entries are 64 bytes apart, so bit b of the index moves r0 by 64 << b bytes. */
#define UP0 NEAR_UP("q0", "64")
#define DOWN0 NEAR_DOWN("q0", "64")
#define UP1 NEAR_UP("q1", "128")
#define DOWN1 NEAR_DOWN("q1", "128")
#define UP2 NEAR_UP("q2", "256")
#define DOWN2 NEAR_DOWN("q2", "256")
#define UP3 FAR_UP("q3", "512")
#define DOWN3 FAR_DOWN("q3", "512")
#define UP4 FAR_UP("q4", "1024")
#define DOWN4 FAR_DOWN("q4", "1024")
#define UP5 FAR_UP("q5", "2048")
#define DOWN5 FAR_DOWN("q5", "2048")

__attribute__((naked)) void sbnn_helium_fill6(__attribute__((unused)) uint8_t *table,
                                              __attribute__((unused)) const uint8_t *columns,
                                              __attribute__((unused)) uint32_t first) {
    __asm volatile(ENTER COLUMN("q0") COLUMN("q1") COLUMN("q2") COLUMN("q3") COLUMN("q4")
                       COLUMN("q5") /**/
                   STORE GRAY6 LEAVE);
}
