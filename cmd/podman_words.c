// SPDX-License-Identifier: Apache-2.0
// Runs in: parent.
#include "cmd/podman_words.h"

#include <stddef.h>

#include "core/base/str.h"

#define NO_BUILDING "use buildah(1) or podman(1), and 'urun pull containers-storage:NAME'"
#define NO_HEALTH   "urun checks no health: let a timer run 'urun exec ID COMMAND'"
#define NO_BRIDGE \
	"urun has no networks by name: use --network slirp,cidr=…, or podman with --runtime urun"
#define NO_V1	   "cgroup v2 has no such limit"
#define NO_PODS	   "urun has no pods: use --network container:ID"
#define NO_VOLUMES "urun has no volumes by name: use --volume DIRECTORY:DESTINATION"
#define NO_KEYS \
	"nothing is ever detached from by keys: use --detach, or a terminal multiplexer around urun"
#define NO_LATEST  "give the id (see 'urun list')"
#define NO_FILTER  "choose by 'urun list --format json', and give the ids"
#define NO_CIDFILE "use \"$(cat FILE)\" as the id"
#define NO_SIZE	   "use du(1) on the directory of --overlay"
#define NO_FIRST   "run 'urun wait' for each, and the shell's wait -n"
#define GIVE_IDS   "give the ids (see 'urun list')"
#define NO_TEMPLATE \
	"urun has no templates: use its JSON, such as 'urun state ID | jq .status' or 'urun events --stats ID'"

/* clang-format off */
/* podman-run(1) and podman-update(1) have the same ones. */
#define HEALTH_WORDS \
	{ "health-cmd", 0, true, "none", NO_HEALTH }, \
	{ "health-interval", 0, true, NULL, NO_HEALTH }, \
	{ "health-log-destination", 0, true, NULL, NO_HEALTH }, \
	{ "health-max-log-count", 0, true, NULL, NO_HEALTH }, \
	{ "health-max-log-size", 0, true, NULL, NO_HEALTH }, \
	{ "health-on-failure", 0, true, "none", NO_HEALTH }, \
	{ "health-retries", 0, true, NULL, NO_HEALTH }, \
	{ "health-start-period", 0, true, NULL, NO_HEALTH }, \
	{ "health-startup-cmd", 0, true, NULL, NO_HEALTH }, \
	{ "health-startup-interval", 0, true, NULL, NO_HEALTH }, \
	{ "health-startup-retries", 0, true, NULL, NO_HEALTH }, \
	{ "health-startup-success", 0, true, NULL, NO_HEALTH }, \
	{ "health-startup-timeout", 0, true, NULL, NO_HEALTH }, \
	{ "health-timeout", 0, true, NULL, NO_HEALTH }, \
	{ "no-healthcheck", 0, false, "true", NO_HEALTH }

/* podman-run(1) and podman-pull(1) have the same ones. */
#define REGISTRY_WORDS \
	{ "arch", 0, true, NULL, "use --platform linux/ARCH" }, \
	{ "authfile", 0, true, NULL, "set REGISTRY_AUTH_FILE" }, \
	{ "cert-dir", 0, true, NULL, "use /etc/containers/certs.d, see containers-certs.d(5)" }, \
	{ "creds", 0, true, NULL, "use 'skopeo login REGISTRY' before" }, \
	{ "os", 0, true, "linux", "urun runs on Linux alone" }, \
	{ "retry", 0, true, NULL, "run it again: layers that are complete are kept" }, \
	{ "retry-delay", 0, true, NULL, "run it again: layers that are complete are kept" }, \
	{ "tls-verify", 0, false, "true", "set insecure = true for the registry, see containers-registries.conf(5)" }, \
	{ "variant", 0, true, NULL, "use --platform linux/ARCH/VARIANT" }

const struct option_other podman_run_words[] = {
	REGISTRY_WORDS,
	{ "blkio-weight-device", 0, true, NULL, "use --cgroup-conf io.weight='MAJOR:MINOR WEIGHT'" },
	{ "cgroups", 0, true, "enabled no-conmon", "use urun --cgroup-manager disabled run …" },
	{ "chrootdirs", 0, true, NULL, "use --volume for each file that the inner root needs" },
	{ "conmon-pidfile", 0, true, NULL, "there is no conmon: --pid-file writes the pid of the program" },
	{ "cpu-count", 0, true, NULL, "it is an option of docker for Windows: use --cpus" },
	{ "cpu-percent", 0, true, NULL, "it is an option of docker for Windows: use --cpus" },
	{ "cpu-rt-period", 0, true, NULL, NO_V1 },
	{ "cpu-rt-runtime", 0, true, NULL, NO_V1 },
	{ "decryption-key", 0, true, NULL, "use skopeo(1): skopeo copy … oci:DIR:TAG, then 'urun run oci:DIR:TAG'" },
	{ "detach-keys", 0, true, NULL, NO_KEYS },
	{ "device-cgroup-rule", 0, true, NULL, "without root no device is made: use --device, which gives one of the host's" },
	{ "disable-content-trust", 0, false, "true false", "signatures are checked as containers-policy.json(5) says" },
	{ "env-merge", 0, true, NULL, "use --env NAME=VALUE with the whole value" },
	{ "expose", 0, true, NULL, "every port is open to the container's own network: --publish publishes one on the host" },
	{ "gpus", 0, true, NULL, "use --device nvidia.com/gpu=all, which a file of CDI describes (nvidia-ctk cdi generate)" },
	{ "group-entry", 0, true, NULL, "use --annotation org.urun.group=LINE" },
	HEALTH_WORDS,
	{ "health-start-interval", 0, true, NULL, NO_HEALTH },
	{ "hosts-file", 0, true, NULL, "use --volume FILE:/etc/hosts, or --no-hosts to keep the root file system's" },
	{ "init-path", 0, true, NULL, "--init is a program of urun's own" },
	{ "io-maxbandwidth", 0, true, NULL, "it is an option of docker for Windows: use --device-read-bps" },
	{ "io-maxiops", 0, true, NULL, "it is an option of docker for Windows: use --device-read-iops" },
	{ "ip", 0, true, NULL, NO_BRIDGE },
	{ "ip6", 0, true, NULL, NO_BRIDGE },
	{ "isolation", 0, true, "default", "it is an option of docker for Windows" },
	{ "kernel-memory", 0, true, NULL, NO_V1 },
	{ "link", 0, true, NULL, "use --network container:ID" },
	{ "link-local-ip", 0, true, NULL, NO_BRIDGE },
	{ "mac-address", 0, true, NULL, NO_BRIDGE },
	{ "memory-swappiness", 0, true, "-1", NO_V1 },
	{ "net-alias", 0, true, NULL, NO_BRIDGE },
	{ "network-alias", 0, true, NULL, NO_BRIDGE },
	{ "oom-kill-disable", 0, false, "false", NO_V1 },
	{ "passwd-entry", 0, true, NULL, "use --annotation org.urun.passwd=LINE" },
	{ "pidfile", 0, true, NULL, "use --pid-file" },
	{ "pod", 0, true, NULL, NO_PODS },
	{ "pod-id-file", 0, true, NULL, NO_PODS },
	{ "preserve-fd", 0, true, NULL, "use --preserve-fds N, which passes descriptors 3 to N+2" },
	{ "rdt-class", 0, true, NULL, "only root can use resctrl" },
	{ "requires", 0, true, NULL, "start the other container first, or use Requires= in a unit of systemd" },
	{ "restart", 0, true, "no", "use a unit of systemd with Restart=: see the unit urun@.service" },
	{ "rmi", 0, false, "false", "use 'urun rmi' afterwards" },
	{ "runtime", 0, true, NULL, "urun is the runtime" },
	{ "sdnotify", 0, true, "container", "NOTIFY_SOCKET is the container's whenever it is set: unset it for urun" },
	{ "seccomp-policy", 0, true, "default", "use --security-opt seccomp=FILE" },
	{ "secret", 0, true, NULL, "use --volume FILE:/run/secrets/NAME:ro, or --env-file FILE" },
	{ "shm-size-systemd", 0, true, NULL, "use --tmpfs DIR:size=…" },
	{ "sig-proxy", 0, false, "true", "in the foreground signals are always passed on" },
	{ "storage-opt", 0, true, NULL, "an ordinary user has no quotas: use --overlay, with the changes in memory" },
	{ "subgidname", 0, true, NULL, "use --gidmap" },
	{ "subuidname", 0, true, NULL, "use --uidmap" },
	{ "systemd", 0, true, "false", "systemd needs --tmpfs /run --tmpfs /tmp --env container=oci, and --stop-signal SIGRTMIN+3" },
	{ "use-api-socket", 0, false, NULL, "urun has no server" },
	{ "volume-driver", 0, true, NULL, NO_VOLUMES },
	{ "volumes-from", 0, true, NULL, "give this container the same --volume options" },
	{ NULL, 0, false, NULL, NULL },
};

const struct option_other podman_exec_words[] = {
	{ "detach-keys", 0, true, NULL, NO_KEYS },
	{ "cidfile", 0, true, NULL, NO_CIDFILE },
	{ "latest", 'l', false, NULL, NO_LATEST },
	{ "no-session", 0, false, "true", "urun exec has no sessions" },
	{ "preserve-fd", 0, true, NULL, "use --preserve-fds N, which passes descriptors 3 to N+2" },
	{ NULL, 0, false, NULL, NULL },
};

const struct option_other podman_update_words[] = {
	{ "blkio-weight-device", 0, true, NULL, "use --unified io.weight='MAJOR:MINOR WEIGHT'" },
	{ "cpu-rt-period", 0, true, NULL, NO_V1 },
	{ "cpu-rt-runtime", 0, true, NULL, NO_V1 },
	{ "device-read-bps", 0, true, NULL, "use --unified io.max='MAJOR:MINOR rbps=BYTES'" },
	{ "device-read-iops", 0, true, NULL, "use --unified io.max='MAJOR:MINOR riops=N'" },
	{ "device-write-bps", 0, true, NULL, "use --unified io.max='MAJOR:MINOR wbps=BYTES'" },
	{ "device-write-iops", 0, true, NULL, "use --unified io.max='MAJOR:MINOR wiops=N'" },
	{ "env", 'e', true, NULL, "a running program's variables don't change: start a new container" },
	HEALTH_WORDS,
	{ "kernel-memory", 0, true, NULL, NO_V1 },
	{ "kernel-memory-tcp", 0, true, NULL, NO_V1 },
	{ "latest", 'l', false, NULL, NO_LATEST },
	{ "memory-swappiness", 0, true, NULL, NO_V1 },
	{ "restart", 0, true, "no", "use a unit of systemd with Restart=: see the unit urun@.service" },
	{ "ulimit", 0, true, NULL, "use prlimit(1) with the pid in 'urun state ID'" },
	{ "unsetenv", 0, true, NULL, "a running program's variables don't change: start a new container" },
	{ NULL, 0, false, NULL, NULL },
};

const struct option_other podman_start_words[] = {
	{ "all", 0, false, NULL, GIVE_IDS },
	{ "detach-keys", 0, true, NULL, "stop it by another command, or use a terminal multiplexer" },
	{ "filter", 'f', true, NULL, GIVE_IDS },
	{ "latest", 'l', false, NULL, NO_LATEST },
	{ "sig-proxy", 0, false, "true", "with --attach signals are always passed on" },
	{ NULL, 0, false, NULL, NULL },
};

const struct option_other podman_restart_words[] = {
	{ "cidfile", 0, true, NULL, NO_CIDFILE },
	{ "filter", 'f', true, NULL, NO_FILTER },
	{ "latest", 'l', false, NULL, NO_LATEST },
	{ NULL, 0, false, NULL, NULL },
};

const struct option_other podman_wait_words[] = {
	{ "condition", 0, true, "exited stopped", "urun waits for the end alone" },
	{ "exit-first-match", 0, false, NULL, NO_FIRST },
	{ "return-on-first", 0, false, NULL, NO_FIRST },
	{ "interval", 'i', true, NULL, "urun asks nothing again and again: it sleeps until the end" },
	{ "latest", 'l', false, NULL, NO_LATEST },
	{ NULL, 0, false, NULL, NULL },
};

const struct option_other podman_inspect_words[] = {
	{ "format", 'f', true, "json", "urun has no templates: use its JSON, such as 'urun inspect ID | jq .[].status'" },
	{ "latest", 'l', false, NULL, NO_LATEST },
	{ "size", 's', false, NULL, NO_SIZE },
	{ "type", 0, true, "container", "urun has nothing but containers" },
	{ NULL, 0, false, NULL, NULL },
};

const struct option_other podman_pull_words[] = {
	{ "all-tags", 'a', false, NULL, "name each image: 'skopeo list-tags' lists the tags" },
	REGISTRY_WORDS,
	{ "decryption-key", 0, true, NULL, "use skopeo(1): skopeo copy … oci:DIR:TAG, then 'urun pull oci:DIR:TAG'" },
	{ "disable-content-trust", 0, false, "true", "signatures are checked as containers-policy.json(5) says" },
	{ NULL, 0, false, NULL, NULL },
};

const struct option_other podman_images_words[] = {
	{ "all", 'a', false, NULL, "nothing is hidden: images are all that have a name" },
	{ "digests", 0, false, NULL, "use --format json, which has them" },
	{ "filter", 0, true, NULL, "use --format json, and jq(1)" },
	{ "history", 0, false, NULL, "urun keeps the present image of a name alone" },
	{ "noheading", 'n', false, NULL, "use --quiet for ids, or --format json" },
	{ "sort", 0, true, NULL, "use sort(1) behind 'urun images'" },
	{ "tree", 0, false, NULL, "use --format json" },
	{ NULL, 0, false, NULL, NULL },
};

const struct option_other podman_rmi_words[] = {
	{ "ignore", 'i', false, NULL, "use --force, with which an image that doesn't exist is no error" },
	{ "no-prune", 0, false, NULL, "what no image needs is always removed" },
	{ "platform", 0, true, NULL, "a name has one platform's image in the store" },
	{ NULL, 0, false, NULL, NULL },
};

const struct option_other podman_id_words[] = {
	{ "all", 0, false, NULL, "give the ids, which 'urun list --quiet' prints" },
	{ "cidfile", 0, true, NULL, NO_CIDFILE },
	{ "color", 0, false, "false", "urun prints no colours" },
	{ "depend", 0, false, NULL, "give the ids of all" },
	{ "external", 0, false, "false", "urun has no containers of other tools" },
	{ "filter", 0, true, NULL, NO_FILTER },
	{ "format", 0, true, NULL, NO_TEMPLATE },
	{ "last", 0, true, NULL, "use head(1) behind 'urun list'" },
	{ "latest", 'l', false, NULL, NO_LATEST },
	{ "names", 0, false, NULL, "give one id" },
	{ "namespace", 0, false, NULL, "use lsns(8) with the pid in 'urun state ID'" },
	{ "no-reset", 0, false, NULL, "use --no-stream in a loop" },
	{ "no-trunc", 0, false, NULL, "use --format json, which cuts nothing" },
	{ "noheading", 0, false, NULL, "use --quiet for ids, or --format json" },
	{ "ns", 0, false, NULL, "use lsns(8) with the pid in 'urun state ID'" },
	{ "pod", 0, false, NULL, NO_PODS },
	{ "running", 0, false, NULL, "give the ids, which 'urun list --quiet' prints" },
	{ "size", 0, false, "false", NO_SIZE },
	{ "sort", 0, true, NULL, "use sort(1) behind 'urun list'" },
	{ "sync", 0, false, NULL, "urun always looks at the processes themselves" },
	{ "time", 0, true, NULL, "use 'urun stop --time SECONDS' first" },
	{ "until", 0, true, NULL, "use timeout(1)" },
	{ "volumes", 'v', false, NULL, NO_VOLUMES },
	{ "watch", 'w', true, NULL, "use watch(1), as in 'watch urun list'" },
	{ NULL, 0, false, NULL, NULL },
};

static const struct {
	const char *name;
	const char *advice;
} commands[] = {
	{ "artifact", "use skopeo(1) or podman(1)" },
	{ "attach", "use 'urun logs --follow ID' for the output, and 'urun exec' for another program" },
	{ "auto-update", "use 'urun pull', and start the containers anew" },
	{ "build", "use buildah or podman, with --runtime urun" },
	{ "buildx", "use buildah or podman, with --runtime urun" },
	{ "clone", "run it again with the same options" },
	{ "commit", "the changes are in the directory of --overlay=DIR, below DIR/upper" },
	{ "compose", "start the containers by a script or by units of systemd, with --network container:ID" },
	{ "container", "leave the word out, as in 'urun list'" },
	{ "diff", "the changes are in the directory of --overlay=DIR, below DIR/upper" },
	{ "enter", "use 'urun exec --tty ID sh'" },
	{ "export", "use tar(1) in the root file system, or 'urun cp ID:/ -'" },
	{ "farm", "use buildah or podman, with --runtime urun" },
	{ "generate", "see the unit urun@.service" },
	{ "healthcheck", NO_HEALTH },
	{ "history", "use 'skopeo inspect --config'" },
	{ "image", "leave the word out: 'urun pull', 'urun images', 'urun rmi'" },
	{ "import", "use tar(1) to unpack it, and give --rootfs DIR" },
	{ "info", "use 'urun doctor' for the host, and 'urun features' for the program" },
	{ "init", "use 'urun create'" },
	{ "kube", NO_PODS },
	{ "load", "use 'urun pull docker-archive:FILE'" },
	{ "login", "use 'skopeo login REGISTRY'" },
	{ "logout", "use 'skopeo logout REGISTRY'" },
	{ "ls", "use 'urun list'" },
	{ "machine", "urun runs on Linux alone, and needs no virtual machine" },
	{ "manifest", NO_BUILDING },
	{ "mount", "use the directory that --rootfs or --overlay named" },
	{ "network", "urun has no networks by name: use --network slirp or --network container:ID" },
	{ "play", NO_PODS },
	{ "pod", NO_PODS },
	{ "push", "use 'skopeo copy oci:DIR:TAG docker://NAME'" },
	{ "quadlet", "see the unit urun@.service" },
	{ "rename", "the id stays: start another with --name" },
	{ "save", "use 'skopeo copy' with the source that 'urun pull' had" },
	{ "search", "use the registry's web page, or podman(1)" },
	{ "secret", "use --volume FILE:/run/secrets/NAME:ro, or --env-file FILE" },
	{ "service", "urun has no server" },
	{ "shell", "use 'urun exec --tty ID sh'" },
	{ "swarm", "urun runs on one host" },
	{ "system", "use 'urun doctor' for the host, and 'urun list' for the containers" },
	{ "tag", NO_BUILDING },
	{ "umount", "use the directory that --rootfs or --overlay named" },
	{ "unmount", "use the directory that --rootfs or --overlay named" },
	{ "unpause", "use 'urun resume'" },
	{ "untag", "use 'urun rmi', which takes the name away" },
	{ "volume", NO_VOLUMES },
};
/* clang-format on */

const char *podman_command_advice(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (str_equal(commands[i].name, name))
			return commands[i].advice;
	return NULL;
}
