/* A plugin for QEMU's user mode: it adds 1 to a variable of the emulated program with every
 * instruction.
 *
 * QEMU TCG plugin API, version 1 (docs/devel/tcg-plugins.rst). No package has its header, so the
 * functions that are used are declared here. Argument: at=ADDRESS, the hexadecimal address of a
 * uint64_t in the program. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint64_t qemu_plugin_id_t;

enum { ADD_U64 = 0 };

extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                                  void (*callback)(qemu_plugin_id_t,
                                                                   struct qemu_plugin_tb *));
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t index);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
extern void *qemu_plugin_insn_haddr(const struct qemu_plugin_insn *insn);
extern void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn, int operation,
                                                       void *at, uint64_t value);

__attribute__((visibility("default"))) int qemu_plugin_version = 1;

static uint64_t address;

/* The emulated program's memory is mapped into this process at a constant distance. The distance is
 * found from an instruction's two addresses, and holds for the variable too. */
static void translated(qemu_plugin_id_t id, struct qemu_plugin_tb *tb) {
    (void)id;
    const size_t count = qemu_plugin_tb_n_insns(tb);
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *const insn = qemu_plugin_tb_get_insn(tb, i);
        const uint64_t further =
            (uint64_t)(uintptr_t)qemu_plugin_insn_haddr(insn) - qemu_plugin_insn_vaddr(insn);
        qemu_plugin_register_vcpu_insn_exec_inline(insn, ADD_U64,
                                                   (void *)(uintptr_t)(address + further), 1);
    }
}

__attribute__((visibility("default"))) int qemu_plugin_install(qemu_plugin_id_t id, const void *info,
                                                               int count, char **arguments) {
    (void)info;
    for (int i = 0; i < count; i++) {
        if (strncmp(arguments[i], "at=", 3) == 0) {
            address = strtoull(arguments[i] + 3, NULL, 16);
        }
    }
    if (address == 0) {
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
