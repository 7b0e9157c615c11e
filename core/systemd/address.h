/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_SYSTEMD_ADDRESS_H
#define URUN_SYSTEMD_ADDRESS_H

#include <stdbool.h>

/*
 * Where the bus of the user's systemd is, as a D-Bus address that the caller frees; NULL: nowhere.
 * @runtime_dir and @session_address are $XDG_RUNTIME_DIR and $DBUS_SESSION_BUS_ADDRESS, or NULL.
 * The socket "bus" in the runtime folder comes first, where it belongs to us: the session's address
 * may be a bus of its own (dbus-run-session, a desktop's) on which there is no systemd.  Last comes
 * /run/user/UID/bus, which a lingering user has though cron or su set no variable.
 * *@ret_managed (never NULL) is set with the address: the user's systemd runs, as it has its own
 * socket in the runtime folder of the bus.  It takes its name on that bus, if perhaps a moment later.
 * Source: sd_bus_open_user(3); D-Bus specification, "Server Addresses".
 */
char *address_of_user_bus(const char *runtime_dir, const char *session_address, bool *ret_managed);

#endif
