/* SPDX-License-Identifier: Apache-2.0 */
#ifndef URUN_NETNS_RESOLV_H
#define URUN_NETNS_RESOLV_H

#include <net/if.h>
#include <netinet/in.h>

#include "core/base/str.h"
#include "netns/options.h"

/*
 * The three files of /etc that belong to a container's network.  They are made in the state
 * directory and mounted over the files of the rootfs.
 * Runs in: parent; urun-slirp and urun-resolv, which keep resolv.conf up to date.
 * Source: resolv.conf(5), hosts(5), hostname(5).
 */

#define RESOLV_HOST_PATH "/etc/resolv.conf"
#define RESOLV_SIZE_MAX	 (64u << 10)

/* ---- the host's name servers ---- */

#define RESOLV_SERVERS_MAX 3 /* Source: resolv.conf(5): MAXNS */

union resolv_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

struct resolv_server {
	union resolv_address address;		    /* the port is 53; without a scope */
	char interface[IFNAMSIZ];		    /* of a link-local address; empty: none */
	char text[INET6_ADDRSTRLEN + 1 + IFNAMSIZ]; /* as it stands in resolv.conf */
};

struct resolv_servers {
	struct resolv_server items[RESOLV_SERVERS_MAX];
	size_t count;
};

socklen_t resolv_address_size(const union resolv_address *address);

/*
 * Parses the first three name servers of a resolv.conf: the C library's resolver uses no more.
 * Without any the server is 127.0.0.1, as for that resolver.  The text @host of @size bytes isn't
 * trusted.
 */
void resolv_parse_servers(const char *host, size_t size, struct resolv_servers *ret_servers);

/* ---- the container's files ---- */

/*
 * Reads the host's /etc/resolv.conf, up to 64 KiB.  If the host has no such file the text is empty.
 * Returns 0 or a negative errno.
 */
int resolv_read_host(char **ret_text, size_t *ret_size);

/*
 * Appends the container's resolv.conf.  For NETWORK_SLIRP: the name servers of dns=, else
 * urun-slirp's forwarder, which follows the host's name servers; and the host's lines search,
 * domain and options.  For NETWORK_HOST: the host's text.  For NETWORK_NONE: nothing.  The text
 * @host of @size bytes isn't trusted.
 */
void resolv_text(const struct network_options *options, const char *host, size_t size,
		 struct strbuf *out);

/*
 * Appends the container's /etc/hosts: localhost, the container's own name at its own address
 * (127.0.0.1 without slirp), and host.containers.internal if the host's loopback can be reached.
 * @hostname: NULL or empty for none; one of several words is left out, as it would name others too.
 */
void resolv_hosts_text(const struct network_options *options, const char *hostname,
		       struct strbuf *out);

/*
 * Replaces lines of the resolv.conf @text: those with a keyword that @lines (NULL: none) have too,
 * by the lines of @lines.  "search" and "domain" count as one keyword, and "search ." as none.
 */
void resolv_replace_lines(const char *lines, struct strbuf *text);

/*
 * Appends @lines of hosts(5), NULL for none, where host-gateway as an address becomes the address
 * by which the container reaches the host.  Fails if the network has no such address.
 */
int resolv_add_hosts(const struct network_options *options, const char *lines, struct strbuf *out,
		     struct error *err);

/*
 * Reads the whole of a container's open file, which isn't trusted.  Doesn't ask for the file's size: on
 * an overlay by FUSE only its own user namespace may ask.  Returns the size, or -1 for a file that
 * can't be read or isn't smaller than RESOLV_SIZE_MAX.  The caller frees *ret_bytes.
 */
ssize_t resolv_file_read(int fd, char **ret_bytes);

/*
 * Writes @text in place of the @old_size bytes of a container's open file.  A shorter text is padded
 * with empty lines, and the file is truncated afterwards.  On a file system by FUSE the truncation
 * fails: only processes of its own user namespace may truncate (fuse(4), allow_other), while every
 * process that has the file open may write.  Then @text keeps the empty lines.  False: nothing was
 * written, or a part.
 */
bool resolv_file_replace(int fd, struct strbuf *text, size_t old_size);

/*
 * Appends the hosts file @text of @size bytes, which isn't trusted, with a line 127.0.0.1 for each of
 * @names, the containers that share a network.  The lines come behind those of localhost; lines that
 * this function added to @text before are left out.
 */
void resolv_hosts_names(const char *text, size_t size, const struct str_list *names,
			struct strbuf *out);

/*
 * Does the same with the open file @fd: only our own lines in it are replaced.  A file that can't be
 * read or written, or is larger than RESOLV_SIZE_MAX, stays as it is.
 */
void resolv_hosts_update(int fd, const struct str_list *names);

/* Does the hosts file @text of @size bytes have lines that resolv_hosts_names() added? */
bool resolv_hosts_has_names(const char *text, size_t size);

/* Appends @hostname and a newline, or nothing without a name. */
void resolv_hostname_text(const char *hostname, struct strbuf *out);

#endif
