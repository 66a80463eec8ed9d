#include "hal/wait.h"

#include "hal/register.h"

bool wait_until(uint32_t address, uint32_t bits, uint32_t until, uint32_t reads) {
    for (; reads > 0u; reads--) {
        if ((REGISTER(address) & bits) == until) {
            return true;
        }
    }
    return false;
}
