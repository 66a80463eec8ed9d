/* Runs the vectors of ed25519_cases.h on the emulated core. Prints a line for each: the result, and how
 * many instructions it took. */
#include <stdint.h>
#include <stdio.h>

#include "ed25519_cases.h"
#include "runtime/ed25519.h"

#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018u)

int main(void) {
    /* All of its 24 bits: no case takes as long. */
    SYST_RVR = 0xFFFFFFu;
    SYST_CVR = 0;
    SYST_CSR = 5; /* enabled, on the core's clock */
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        const uint32_t begun = SYST_CVR;
        uint32_t difference = 0xFFFFFFFFu;
        const int right = ed25519_verify(cases[i].signature, &cases[i].key, cases[i].message,
                                         cases[i].count, &difference);
        const uint32_t ticks = (begun - SYST_CVR) & 0xFFFFFFu;
        printf("%d %lu\n", right, (unsigned long)ticks * INSTRUCTIONS_A_TICK);
    }
    return 0;
}
