/* One thread gives numbered samples, the main thread checks that no window has a gap. */
#include "stand_in_window.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>

#define SAMPLES 40000 /* the numbers start over once */

static stand_in_window window;
static int done;

static void *give(void *unused) {
    (void)unused;
    for (int32_t i = 0; i < SAMPLES; i++) {
        const stand_in_sample sample[STAND_IN_CHANNELS] = {(stand_in_sample)(i % 32768)};
        /* Half of the time it waits for room, half of the time the sample is lost. */
        while (stand_in_window_push(&window, sample) == STAND_IN_LOST && i / 1000 % 2 == 0) {
            sched_yield(); /* On a busy machine both threads may have one core. */
        }
    }
    __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
    return NULL;
}

int main(void) {
    const stand_in_window_config config = STAND_IN_WINDOW_CONFIG;
    pthread_t giver;
    unsigned long windows = 0, restarts = 0;
    if (stand_in_window_init(&window, &config) != STAND_IN_OK ||
        pthread_create(&giver, NULL, give, NULL) != 0) {
        return 2;
    }
    for (;;) {
        const int last = __atomic_load_n(&done, __ATOMIC_ACQUIRE);
        stand_in_sample input[STAND_IN_CHANNELS * STAND_IN_WINDOW];
        const stand_in_status status = stand_in_window_fill(&window, input);
        if (status == STAND_IN_NOT_YET && last) {
            break;
        }
        restarts += status == STAND_IN_LOST;
        if (status != STAND_IN_OK) {
            sched_yield();
            continue;
        }
        windows++;
        for (uint32_t i = 1; i < STAND_IN_WINDOW; i++) {
            if ((input[i - 1] + 1) % 32768 != input[i]) {
                printf("window %lu: %d is followed by %d\n", windows, input[i - 1], input[i]);
                return 1;
            }
        }
    }
    pthread_join(giver, NULL);
    const uint32_t lost = stand_in_window_lost(&window);
    printf("%lu %lu %lu\n", windows, restarts, (unsigned long)lost);
    return 0;
}
