/* A note to the bootloader that survives a reset: why the program ended. */
#ifndef SBNN_HAL_STAY_H
#define SBNN_HAL_STAY_H

#include <stdint.h>

typedef enum {
    STAY_NOT = 0,              /* no note */
    STAY_ASKED = 0x59415453,   /* "STAY": a host asked for the bootloader */
    STAY_CRASHED = 0x48535243, /* "CRSH": a fault in the application, or its watchdog */
    STAY_TORN = 0x4E524F54,    /* "TORN": a fault in the bootloader, for example reading a half-written
                                  flash word */
} stay_reason;

/* The note that a fault writes. Bootloader and application each define it. */
extern const stay_reason stay_after_fault;

/* Write the note. */
void stay_request(stay_reason reason);

/* Read the note and erase it. */
stay_reason stay_take(void);

#endif
