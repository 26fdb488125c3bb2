// The git configuration that the server's git programs run under: ours alone, nothing of the machine's.

/** What old tools left in the history of honest projects. Nothing here can do harm. */
const blemishes = `	missingSpaceBeforeDate = ignore
	missingEmail = ignore
	missingNameBeforeEmail = ignore
	badEmail = ignore
	badName = ignore
	badDate = ignore
	badDateOverflow = ignore
	badTimezone = ignore
	zeroPaddedDate = ignore
	zeroPaddedFilemode = ignore
	missingTaggerEntry = ignore
	badTagName = ignore
`;

/** Text of the `.gitconfig` in the home folder that git's programs are given. */
export function gitSettings(maxPushBytes: number): string {
  return `[safe]
	directory = *
[core]
	hooksPath = /dev/null
	autocrlf = false
	symlinks = true
	fileMode = true
	quotePath = false
	# Files of this size go through git in pieces; below it git holds them in memory whole.
	bigFileThreshold = 16m
[receive]
	# A first push from a shallow clone (CI systems make them) is a push like any other.
	shallowUpdate = true
	maxInputSize = ${maxPushBytes}
	# Every push stays one pack: git syncs packs to the disk before it names them, loose objects not.
	unpackLimit = 1
	# Maintenance has its own time; nobody waits for it at the end of a push.
	autogc = false
	advertisePushOptions = false
[transfer]
	fsckObjects = true
[receive "fsck"]
${blemishes}[fetch "fsck"]
${blemishes}[uploadpack]
	allowAnySHA1InWant = false
[gc]
	auto = 0
[pack]
	threads = 1
	windowMemory = 64m
`;
}

export const defaultMaxPushBytes = 2 * 1024 ** 3;
