/* QEMU TCG plugin: counts how often each instruction ran between two passes of a mark.
 *
 *   -plugin counts.so,out=FILE,mark=ADDRESS      (ADDRESS hexadecimal)
 *
 * The plugin writes a section to FILE each time that the instruction at ADDRESS is about to run, and
 * once more when QEMU exits. A section has a line "ADDRESS BYTES COUNT" (ADDRESS and BYTES hexadecimal)
 * for every instruction that ran since the previous mark, and ends with a line "= NUMBER". The
 * instruction at the mark belongs to the section that follows it.
 *
 * QEMU's plugin interface, version 1 (docs/devel/tcg-plugins in QEMU's manual); No Debian package has
 * its header, so the functions that are used are declared here. The plugin counts instructions, not
 * blocks, because under -icount QEMU leaves and restarts blocks in their middle. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t plugin_id;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef struct qemu_info_t qemu_info_t;

enum { INLINE_ADD_U64 = 0, CB_NO_REGS = 0 };

extern void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id id,
                                                  void (*translated)(plugin_id id,
                                                                     struct qemu_plugin_tb *block));
extern void qemu_plugin_register_atexit_cb(plugin_id id, void (*ended)(plugin_id id, void *data),
                                           void *data);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *instruction,
                                                   void (*executed)(unsigned cpu, void *data),
                                                   int registers, void *data);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *instruction,
                                                       int operation, void *counter, uint64_t value);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block,
                                                        size_t index);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);
extern const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *instruction);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *instruction);

EXPORT int qemu_plugin_version = 1;

#define BUCKETS (1u << 16)
#define MAX_BYTES 16u

/* One instruction. The same address with other bytes (after an image was flashed) is another entry. */
typedef struct entry {
    struct entry *next;
    uint64_t address;
    uint64_t count;
    uint64_t written; /* the value of `count` at the last mark */
    size_t size;
    uint8_t bytes[MAX_BYTES];
} entry;

static entry *buckets[BUCKETS];
static FILE *out;
static uint64_t mark = UINT64_MAX;
static uint64_t marks;

static entry *find(uint64_t address, const uint8_t *bytes, size_t size) {
    entry **place = &buckets[(address >> 1) % BUCKETS];
    for (; *place != NULL; place = &(*place)->next) {
        if ((*place)->address == address && (*place)->size == size &&
            memcmp((*place)->bytes, bytes, size) == 0) {
            return *place;
        }
    }
    entry *const made = calloc(1, sizeof *made);
    if (made == NULL) {
        abort();
    }
    made->address = address;
    made->size = size;
    memcpy(made->bytes, bytes, size);
    *place = made;
    return made;
}

static void write_counts(void) {
    for (size_t i = 0; i < BUCKETS; i++) {
        for (entry *one = buckets[i]; one != NULL; one = one->next) {
            if (one->count != one->written) {
                (void)fprintf(out, "%" PRIx64 " ", one->address);
                for (size_t at = 0; at < one->size; at++) {
                    (void)fprintf(out, "%02x", one->bytes[at]);
                }
                (void)fprintf(out, " %" PRIu64 "\n", one->count - one->written);
                one->written = one->count;
            }
        }
    }
    (void)fprintf(out, "= %" PRIu64 "\n", marks++);
}

static void reached(unsigned cpu, void *data) {
    (void)cpu;
    (void)data;
    write_counts();
}

static void translated(plugin_id id, struct qemu_plugin_tb *block) {
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *const instruction = qemu_plugin_tb_get_insn(block, i);
        const uint64_t address = qemu_plugin_insn_vaddr(instruction);
        const size_t size = qemu_plugin_insn_size(instruction);
        if (size > MAX_BYTES) {
            abort();
        }
        if (address == mark) {
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, reached, CB_NO_REGS, NULL);
        }
        entry *const one = find(address, qemu_plugin_insn_data(instruction), size);
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, INLINE_ADD_U64, &one->count, 1);
    }
}

static void ended(plugin_id id, void *data) {
    (void)id;
    (void)data;
    write_counts();
    (void)fclose(out);
}

EXPORT int qemu_plugin_install(plugin_id id, const qemu_info_t *info, int count, char **arguments) {
    (void)info;
    for (int i = 0; i < count; i++) {
        if (strncmp(arguments[i], "out=", 4) == 0) {
            out = fopen(arguments[i] + 4, "w");
        } else if (strncmp(arguments[i], "mark=", 5) == 0) {
            mark = strtoull(arguments[i] + 5, NULL, 16);
        }
    }
    if (out == NULL) {
        (void)fputs("count_plugin: cannot write out=FILE\n", stderr);
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    qemu_plugin_register_atexit_cb(id, ended, NULL);
    return 0;
}
