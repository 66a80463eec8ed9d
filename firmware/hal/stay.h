/* A note to the bootloader that survives a reset: why the application was left. */
#ifndef SBNN_HAL_STAY_H
#define SBNN_HAL_STAY_H

#include <stdint.h>

typedef enum {
    STAY_NOT = 0,              /* no note */
    STAY_ASKED = 0x59415453,   /* "STAY": a host wants the bootloader */
    STAY_CRASHED = 0x48535243, /* "CRSH": a fault of the application, or the watchdog */
    STAY_TORN = 0x4E524F54,    /* "TORN": a fault of the bootloader, as by flash with a torn word */
} stay_reason;

/* What a fault leaves; bootloader and application each define it. */
extern const stay_reason stay_after_fault;

/* Leave the note. */
void stay_request(stay_reason reason);

/* The note; it is gone afterwards. */
stay_reason stay_take(void);

#endif
