/* A simulated core for systick_counter.c: time passes with every access to a register. */
#ifndef SBNN_HAL_CORTEX_M_H
#define SBNN_HAL_CORTEX_M_H

#include <stdint.h>

volatile uint32_t *simulated_cvr(void);
volatile uint32_t *simulated_icsr(void);
volatile uint32_t *simulated_cyccnt(void);
volatile uint32_t *simulated_dwt_ctrl(void);
volatile uint32_t *simulated_dwt_lar(void);
extern volatile uint32_t simulated_rvr, simulated_csr, simulated_demcr;

#define CORTEX_M_BASELINE 0

#define DWT_CTRL (*simulated_dwt_ctrl())
#define DWT_CTRL_CYCCNTENA 1u
#define DWT_CYCCNT (*simulated_cyccnt())
#define DWT_LAR (*simulated_dwt_lar())
#define DWT_LAR_KEY 0xC5ACCE55u

#define SYST_CSR simulated_csr
#define SYST_CSR_ENABLE 1u
#define SYST_CSR_TICKINT 2u
#define SYST_CSR_CLKSOURCE 4u
#define SYST_RVR simulated_rvr
#define SYST_CVR (*simulated_cvr())

#define SCB_ICSR (*simulated_icsr())
#define SCB_ICSR_PENDSTSET (1u << 26)
#define SCB_ICSR_PENDSTCLR (1u << 25)
#define SCB_DEMCR simulated_demcr
#define SCB_DEMCR_TRCENA (1u << 24)

void systick_interrupt(void);

static inline void cortex_m_barrier(void) {
}

#endif
