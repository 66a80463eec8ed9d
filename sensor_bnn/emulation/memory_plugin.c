/* QEMU TCG plugin: what the core would wait for if its flash were that of other chips.
 *
 *   -plugin memory.so,out=FILE,mark=ADDRESS,flash=START:END,memory=TEXT[,memory=TEXT ...]
 *
 * ADDRESS, START and END are hexadecimal; TEXT is explained at memory_new. After the first mark each
 * instruction and each load from START to END - 1 goes through every memory. Each time that the
 * instruction at ADDRESS is about to run, and once more when QEMU exits, the plugin writes a section to
 * FILE: a line for each memory in their order, with the waits for code and for data in cycles and the
 * reads of the flash for each since the previous section, then a line "= NUMBER". The instruction at
 * the mark belongs to the section that follows it.
 *
 * QEMU's plugin interface, version 1 (docs/devel/tcg-plugins in QEMU's manual). No Debian package has
 * its header, so the functions that are used are declared here. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory_model.h"

#define EXPORT __attribute__((visibility("default")))
#define MOST 64u

typedef uint64_t plugin_id;
typedef uint32_t memory_access;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef struct qemu_info_t qemu_info_t;

enum { CB_NO_REGS = 0, LOADS_AND_STORES = 3 };

extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
                                                  void (*translated)(plugin_id id,
                                                                     struct qemu_plugin_tb *block));
extern void qemu_plugin_register_atexit_cb(plugin_id id, void (*ended)(plugin_id id, void *data),
                                           void *data);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *instruction,
                                                   void (*executed)(unsigned cpu, void *data),
                                                   int registers, void *data);
extern void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *instruction,
                                             void (*accessed)(unsigned cpu, memory_access access,
                                                              uint64_t address, void *data),
                                             int registers, int direction, void *data);
extern unsigned qemu_plugin_mem_size_shift(memory_access access);
extern bool qemu_plugin_mem_is_store(memory_access access);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block,
                                                        size_t index);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *instruction);

EXPORT int qemu_plugin_version = 1;

static struct memory *memories[MOST];
static struct memory written[MOST]; /* their sums at the last mark */
static size_t count;
static FILE *out;
static uint64_t flash_start;
static uint64_t flash_end;
static uint64_t mark = UINT64_MAX;
static uint64_t marks;
static bool started; /* at the first mark: what runs before it need not be simulated */

static void write_waits(void) {
    for (size_t i = 0; i < count; i++) {
        const struct memory *const now = memories[i];
        (void)fprintf(out, "%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                      now->code_waits - written[i].code_waits, now->data_waits - written[i].data_waits,
                      now->code_reads - written[i].code_reads, now->data_reads - written[i].data_reads);
        written[i] = *now;
    }
    (void)fprintf(out, "= %" PRIu64 "\n", marks++);
    (void)fflush(out); /* so that a reader sees that a mark was passed */
}

static void reached(unsigned cpu, void *data) {
    (void)cpu;
    (void)data;
    started = true;
    write_waits();
}

/* The address of an instruction and its size, which is below 32, in one word. */
static void executed(unsigned cpu, void *data) {
    (void)cpu;
    const uint64_t address = (uint64_t)(uintptr_t)data >> 5;
    const size_t size = (uintptr_t)data & 31u;
    for (size_t i = 0; started && i < count; i++) {
        memory_instruction(memories[i], address, size);
    }
}

static void loaded(unsigned cpu, memory_access access, uint64_t address, void *data) {
    (void)cpu;
    (void)data;
    /* Not asked for loads alone: QEMU 7.2 then reports the stores. */
    if (!started || qemu_plugin_mem_is_store(access)) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        memory_load_time(memories[i]);
        if (address >= flash_start && address < flash_end) {
            memory_load(memories[i], address, 1u << qemu_plugin_mem_size_shift(access));
        }
    }
}

static void translated(plugin_id id, struct qemu_plugin_tb *block) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *const instruction = qemu_plugin_tb_get_insn(block, i);
        const uint64_t address = qemu_plugin_insn_vaddr(instruction);
        if (address == mark) {
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, reached, CB_NO_REGS, NULL);
        }
        if (address >= flash_start && address < flash_end) {
            const uintptr_t place = (uintptr_t)(address << 5 | qemu_plugin_insn_size(instruction));
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, executed, CB_NO_REGS, (void *)place);
        }
        qemu_plugin_register_vcpu_mem_cb(instruction, loaded, CB_NO_REGS, LOADS_AND_STORES, NULL);
    }
}

static void ended(plugin_id id, void *data) {
    (void)id;
    (void)data;
    write_waits();
    (void)fclose(out);
}

EXPORT int qemu_plugin_install(plugin_id id, const qemu_info_t *info, int given, char **arguments) {
    (void)info;
    bool right = true;
    for (int i = 0; i < given; i++) {
        if (strncmp(arguments[i], "out=", 4) == 0) {
            out = fopen(arguments[i] + 4, "w");
        } else if (strncmp(arguments[i], "mark=", 5) == 0) {
            mark = strtoull(arguments[i] + 5, NULL, 16);
        } else if (strncmp(arguments[i], "flash=", 6) == 0) {
            right = right &&
                    sscanf(arguments[i] + 6, "%" SCNx64 ":%" SCNx64, &flash_start, &flash_end) == 2;
        } else if (strncmp(arguments[i], "memory=", 7) == 0) {
            right = right && count < MOST && (memories[count++] = memory_new(arguments[i] + 7)) != NULL;
        }
    }
    if (out == NULL || !right) {
        (void)fputs("memory_plugin: cannot write out=FILE, or no such flash or memory\n", stderr);
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
