// First: the lock then uses the delayed file operations.
import './slow-disk'

import './lock-holder'
