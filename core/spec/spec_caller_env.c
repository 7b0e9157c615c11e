// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "core/spec/spec_caller_env.h"

#include <string.h>
#include <sys/stat.h>

#include "core/base/arena.h"
#include "core/base/path.h"
#include "core/config/change.h"

/*
 * Variables of the caller that a container doesn't get by itself, even where it gets the others:
 *   - what the shell or the container has its own value for (PWD, HOSTNAME);
 *   - sockets and directories of the caller's session: /run, /tmp and the homes are not visible in
 *     the container, so programs would wait for, or complain about, what isn't there;
 *   - numbers of processes, terminals and sessions, and messages of systemd, which are the caller's;
 *   - what makes every program load or run a file first (LD_PRELOAD, BASH_ENV): the file isn't there,
 *     or isn't the one that was meant.
 * --env NAME passes on each of them.
 */
static const char *const left_out[] = {
	/* clang-format off */
	"HOSTNAME", "OLDPWD", "PWD", "SHLVL", "_",
	"DBUS_SESSION_BUS_ADDRESS", "DBUS_SESSION_BUS_PID", "DBUS_SYSTEM_BUS_ADDRESS",
	"DBUS_STARTER_ADDRESS", "DBUS_STARTER_BUS_TYPE", "AT_SPI_BUS_ADDRESS",
	"DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "XAUTHORITY", "ICEAUTHORITY",
	"SESSION_MANAGER", "DESKTOP_STARTUP_ID", "XDG_ACTIVATION_TOKEN", "WINDOWID",
	"GIO_LAUNCHED_DESKTOP_FILE", "GIO_LAUNCHED_DESKTOP_FILE_PID",
	"I3SOCK", "SWAYSOCK", "NIRI_SOCKET", "HYPRLAND_INSTANCE_SIGNATURE",
	"PULSE_SERVER", "PULSE_RUNTIME_PATH", "PIPEWIRE_REMOTE", "PIPEWIRE_RUNTIME_DIR",
	"SSH_AUTH_SOCK", "SSH_AGENT_PID", "SSH_TTY", "GPG_AGENT_INFO", "GPG_TTY",
	"GNOME_KEYRING_CONTROL", "KRB5CCNAME", "SSH_ASKPASS", "GIT_ASKPASS", "SUDO_ASKPASS",
	"TMUX", "TMUX_PANE", "STY", "WINDOW", "ZELLIJ", "NVIM", "KITTY_LISTEN_ON", "KITTY_PID",
	"WEZTERM_UNIX_SOCKET", "ALACRITTY_SOCKET", "VSCODE_IPC_HOOK_CLI",
	"XDG_RUNTIME_DIR", "XDG_SEAT", "XDG_SEAT_PATH", "XDG_SESSION_ID", "XDG_SESSION_PATH",
	"XDG_VTNR",
	"NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID", "LISTEN_PIDFDID",
	"WATCHDOG_PID", "WATCHDOG_USEC", "MAINPID", "MAINPIDFDID", "MANAGERPID", "INVOCATION_ID",
	"JOURNAL_STREAM", "SYSTEMD_EXEC_PID", "MEMORY_PRESSURE_WATCH", "MEMORY_PRESSURE_WRITE",
	"CREDENTIALS_DIRECTORY", "RUNTIME_DIRECTORY",
	"LD_PRELOAD", "LD_AUDIT", "BASH_ENV", "ENV",
	NULL,
	/* clang-format on */
};

/* The container has its own, unless it is the host's own system. */
static const char *const of_the_system[] = { "HOME",  "LOGNAME", "MAIL", "PATH",
					     "SHELL", "USER",	 NULL };

/* Directories that programs write to, and may make only where the caller's home is. */
static const char *const directories[] = {
	"TMPDIR",
	"TMP",
	"TEMP",
	"TEMPDIR",
	"XDG_CONFIG_HOME",
	"XDG_DATA_HOME",
	"XDG_STATE_HOME",
	"XDG_CACHE_HOME",
	NULL,
};

static const char *const proxies[] = {
	"http_proxy",  "https_proxy", "ftp_proxy", "no_proxy", "HTTP_PROXY",
	"HTTPS_PROXY", "FTP_PROXY",   "NO_PROXY",  NULL,
};

/* /tmp and /var/tmp are empty and writable in the host's own system. */
static bool is_writable_there(const char *value, const char *home)
{
	autofree char *path = value[0] == '/' ? path_clean(value) : NULL;

	return path && (str_equal(path, "/tmp") || str_equal(path, "/var/tmp") ||
			(!str_equal(home, "/") && path_is_in(path, home)));
}

/* A socket of another program than those of the table: nobody listens on it in the container. */
static bool is_socket(const char *value)
{
	struct stat st;

	return value[0] == '/' && stat(value, &st) == 0 && S_ISSOCK(st.st_mode);
}

static bool is_wanted(const char *name, const char *value, const char *home)
{
	if (str_find(left_out, name) >= 0 || is_socket(value))
		return false;
	if (str_find(directories, name) >= 0)
		return home && is_writable_there(value, home);
	return home || str_find(of_the_system, name) < 0;
}

/* Copies the variables that @wanted accepts. */
static void copy_variables(const struct str_list *env, struct container_config *config,
			   bool (*wanted)(const char *name, const char *value, const char *home),
			   const char *home)
{
	for (size_t i = 0; i < env->count; i++) {
		autofree char *name = str_dup(env->items[i]);
		char *value = strchr(name, '=');

		if (!value || value == name)
			continue;
		*value++ = '\0';
		if (wanted(name, value, home))
			config_set_env(config, name, value);
	}
}

void spec_env_add_caller(const struct str_list *env, const char *home,
			 struct container_config *config)
{
	copy_variables(env, config, is_wanted, home);
	if (home)
		config_set_env(config, "HOME", home);
}

static bool is_locale(const char *name, const char *value, const char *home)
{
	(void)value;
	(void)home;
	return str_equal(name, "LANG") || str_equal(name, "LANGUAGE") ||
	       str_starts_with(name, "LC_");
}

void spec_env_add_locale(const struct str_list *env, struct container_config *config)
{
	copy_variables(env, config, is_locale, NULL);
}

static bool is_proxy(const char *name, const char *value, const char *home)
{
	(void)value;
	(void)home;
	return str_find(proxies, name) >= 0;
}

void spec_env_add_proxies(const struct str_list *env, struct container_config *config)
{
	copy_variables(env, config, is_proxy, NULL);
}

/* ---- the terminal ---- */

/*
 * What a terminal of this name is like.  The names before 1990, and those of consoles, have the
 * linux console's sequences or a part of them; all emulators of today have those of xterm.  "dumb" and
 * its like have none, and need no entry.
 */
static const char *instead_of(const char *term)
{
	static const char *const plain[] = { "dumb", "unknown", "emacs", "network", NULL };
	static const char *const consoles[] = { "linux",  "vt",	   "con",   "ansi",
						"pcansi", "bterm", "fbterm" };

	if (str_find(plain, term) >= 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(consoles); i++)
		if (str_starts_with(term, consoles[i]) && !str_starts_with(term, "contour"))
			return "linux";
	return "xterm-256color";
}

static bool is_term(const char *name, const char *value, const char *home)
{
	(void)home;
	return str_equal(name, "TERM") && *value;
}

void spec_env_add_term(const struct str_list *env, struct container_config *config)
{
	const char *term = str_list_value(env, "TERM");
	const char *instead = term ? instead_of(term) : NULL;

	copy_variables(env, config, is_term, NULL);
	if (instead && !str_equal(instead, config_env(config->process, "TERM")))
		config_set_annotation(config, CONFIG_ANNOTATION_TERM, instead);
}

/* ---- passwords ---- */

/* "user:password@host", mostly with "scheme://" before it. */
static bool has_password(const char *url)
{
	const char *scheme = strstr(url, "://");
	const char *begin = scheme ? scheme + sizeof("://") - 1 : url;
	const char *at = memrchr(begin, '@', strcspn(begin, "/?#"));

	return at && memchr(begin, ':', (size_t)(at - begin));
}

const char *spec_env_proxy_with_password(const struct container_config *config)
{
	for (size_t i = 0; config->process && proxies[i]; i++) {
		const char *value = config_env(config->process, proxies[i]);

		if (value && has_password(value))
			return proxies[i];
	}
	return NULL;
}
