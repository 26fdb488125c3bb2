// A program that looks at what confines it and tries to get further; run inside whatever runs an app's code.

/**
 * Prints what the kernel says of it, then a line for each thing that it could do and should not. It opens and asks only:
 * where something is not shut, nothing is changed on the machine.
 */
export const confinedProgram = `import ctypes, os, platform, re, resource, socket, stat
libc = ctypes.CDLL(None, use_errno=True)

def told(name):
    return re.search(f'^{name}:\\\\s+(.*)$', open('/proc/self/status').read(), re.M)[1].split('\\t')
print('FACT users and groups', *sorted(set(told('Uid') + told('Gid') + told('Groups')[0].split())))
print('FACT capabilities', *sorted({told(one)[0] for one in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb')}))
print('FACT no-new-privileges', *told('NoNewPrivs'), 'seccomp', *told('Seccomp'))
print('FACT first to go', *open('/proc/self/oom_score_adj').read().split())
print('FACT core', *resource.getrlimit(resource.RLIMIT_CORE))

def attempt(name, work):
    try:
        if work() is False: return
    except OSError:
        return
    print('DONE', name)

def call(name, *arguments):
    attempt(name, lambda: getattr(libc, name)(*arguments) >= 0)

# Without a function in libc, by number.
numbers = {'x86_64': (250, 248, 321, 298, 323, 155), 'aarch64': (219, 217, 280, 241, 282, 41)}[platform.machine()]
for name, number, arguments in zip(('keyctl', 'add_key', 'bpf', 'perf_event_open', 'userfaultfd', 'pivot_root'), numbers, (
    (0, -3, 0), (b'user', b'x', b'y', 1, -3), (0, 0, 0), (0, 0, -1, -1, 0), (0,), (b'/', b'/'))):
    attempt(name, lambda: libc.syscall(number, *arguments) >= 0)
call('unshare', 0x10000000)
call('unshare', 0x00020000)
attempt('setns', lambda: libc.setns(os.open('/proc/1/ns/net', os.O_RDONLY), 0) >= 0)
call('mount', b'none', b'/mnt', b'tmpfs', 0, 0)
call('umount2', b'/proc', 2)
call('chroot', b'/')
call('setuid', 0)
call('setgroups', 0, 0)
call('sethostname', b'other', 5)
call('klogctl', 3, ctypes.create_string_buffer(64), 64)
call('mknod', b'/tmp/disk', stat.S_IFBLK | 0o600, os.makedev(8, 0))
attempt('real-time priority', lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10)))
attempt('a higher priority', lambda: os.setpriority(os.PRIO_PROCESS, 0, -5))
for name, kind in (('raw', (socket.AF_INET, socket.SOCK_RAW, 1)), ('packet', (socket.AF_PACKET, socket.SOCK_RAW, 3)),
                   ('packet', (socket.AF_PACKET, socket.SOCK_DGRAM, 3)), ('raw IPv6', (socket.AF_INET6, socket.SOCK_RAW, 58))):
    attempt('a socket of the kind ' + name, lambda: socket.socket(*kind).close())

written = ['/proc/sysrq-trigger', '/sys/kernel/uevent_helper', '/etc/passwd', '/etc/hosts', '/etc/resolv.conf', '/etc/mine',
           '/usr/bin/mine', '/sbin/docker-init', '/proc/sys/kernel/core_pattern', '/proc/sys/net/ipv4/ip_forward',
           '/proc/sys/vm/overcommit_memory', '/dev/mem', '/dev/kmsg']
for folder, _, names in os.walk('/sys/fs/cgroup'):
    written += [os.path.join(folder, name) for name in names]
for path in written:
    attempt('writing ' + path, lambda: os.close(os.open(path, os.O_WRONLY | (os.O_CREAT if path.endswith('/mine') else 0))))
for path in ('/etc/shadow', '/proc/kcore', '/proc/keys', '/proc/timer_list', '/dev/mem', '/dev/kmsg', '/proc/1/root/etc/shadow'):
    attempt('reading ' + path, lambda: len(open(path, 'rb').read(64)) > 0)
attempt('a safer place from the kernel', lambda: os.write(os.open('/proc/self/oom_score_adj', os.O_WRONLY), b'-999'))
devices = {'null', 'zero', 'full', 'random', 'urandom', 'tty', 'console', 'ptmx'}
for name in os.listdir('/dev'):
    mode = os.lstat('/dev/' + name).st_mode
    if stat.S_ISBLK(mode) or (stat.S_ISCHR(mode) and name not in devices): print('DONE having /dev/' + name)
print('FACT tried')
`;

/** All that it may say. */
export const confined = [
  'FACT users and groups 20012',
  'FACT capabilities 0000000000000000',
  'FACT no-new-privileges 1 seccomp 2',
  'FACT first to go 500',
  'FACT core 0 0',
  'FACT tried',
];

/** What it said, of all that was printed: in a push other lines stand around it. */
export function saidOfConfinement(printed: string): string[] {
  return [...printed.matchAll(/\b((?:FACT|DONE) .*?)\s*$/gm)].map(([, line]) => line!);
}
