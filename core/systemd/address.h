/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYSTEMD_ADDRESS_H
#define URUN_SYSTEMD_ADDRESS_H

#include <stdbool.h>

/*
 * The D-Bus address of the bus that the user's systemd is on.  The caller frees it; NULL: no bus
 * was found.  @runtime_dir and @session_address are $XDG_RUNTIME_DIR and $DBUS_SESSION_BUS_ADDRESS,
 * or NULL.
 *
 * The addresses in the order of preference:
 *   1. the socket "bus" in the runtime directory, if the socket belongs to us;
 *   2. the session's address.  It may be a separate bus without systemd (of dbus-run-session, or of
 *      a desktop);
 *   3. /run/user/UID/bus, which a lingering user has even though cron or su set no variable.
 *
 * *@ret_managed (never NULL) is set with the address: true where the user's systemd has its own
 * socket in the runtime directory, so it runs, and takes its name on the bus now or in a moment.
 * Source: sd_bus_open_user(3); D-Bus specification, "Server Addresses".
 */
char *address_of_user_bus(const char *runtime_dir, const char *session_address, bool *ret_managed);

#endif
