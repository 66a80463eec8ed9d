#include "hal/watchdog.h"

void watchdog_start(void) {
}

void watchdog_feed(void) {
}

bool watchdog_extends(void) {
    return false;
}

bool watchdog_has_fired(void) {
    return false;
}
